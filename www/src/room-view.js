// The open room: header, timeline, composer; or an invitation to answer.
import { h, icon, setText } from "./dom.js";
import { formatClock, formatDay, formatNumber, hue, initials } from "./format.js";
import { joinNames } from "./names.js";
import { fillAvatar } from "./room-list.js";
import { assemble } from "./timeline.js";

/** How near to the oldest event one scrolls before more is asked for, in pixels. */
const NEAR_START = 600;

/**
 * @typedef {object} RoomHandlers
 * @property {(body: string) => void} onSend
 * @property {(txnId: string) => void} onRetry
 * @property {() => void} onOlder
 * @property {() => void} onAccept
 * @property {() => void} onDecline
 * @property {() => void} onBack
 * @property {() => void} onPanel
 * @property {() => void} onRead the newest event is on screen
 */

export class RoomView {
  /** @type {Map<string, { element: any, signature: string }>} */
  #items = new Map();
  #room;
  #shownId = "";
  /** What is drawn, so that nothing is drawn, and no focus lost, without need. */
  #drawn = "";

  /** @param {string} me @param {RoomHandlers} handlers */
  constructor(me, handlers) {
    this.me = me;
    this.handlers = handlers;
    this.avatar = h("span", { class: "avatar small", "aria-hidden": "true" });
    this.title = h("h1", { testid: "room-title" });
    this.subtitle = h("p", { class: "room-subtitle" });
    this.start = h("p", { class: "timeline-start" });
    this.events = h("ol", { class: "events" });
    this.timeline = h("div", { class: "timeline", testid: "timeline", role: "log", "aria-label": "Messages", tabIndex: 0 }, h("div", { class: "timeline-inner" }, this.start, this.events));
    this.timeline.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.typing = h("p", { class: "typing", "aria-live": "polite" });
    this.invite = h("div", { class: "invite-card", hidden: true });
    this.composer = this.#buildComposer();
    this.header = h(
      "header",
      { class: "room-header" },
      h("button", { class: "icon-button back", "aria-label": "Back to the rooms", onclick: handlers.onBack }, icon("back")),
      this.avatar,
      h("div", { class: "room-heading" }, this.title, this.subtitle),
      h("button", { class: "icon-button", testid: "panel-toggle", "aria-label": "Details", title: "Details", onclick: handlers.onPanel }, icon("panel")),
    );
    this.body = h("div", { class: "room-body", hidden: true }, this.header, this.invite, this.timeline, this.typing, this.composer);
    this.placeholder = h("div", { class: "room-none" }, h("p", {}, "Choose a room to read it."));
    this.element = h("main", { class: "room", "aria-label": "Room" }, this.placeholder, this.body);
  }

  /**
   * @param {import("./rooms.js").Room | undefined} room
   * @param {import("./timeline.js").Pending[]} pending
   * @param {{ loadingOlder: boolean, error: string }} progress
   */
  render(room, pending, { loadingOlder, error }) {
    this.#room = room;
    this.body.hidden = !room;
    this.placeholder.hidden = Boolean(room);
    if (!room) return;
    if (room.id !== this.#shownId) this.#reset(room.id);
    const drawn = JSON.stringify([room.id, room.version, pending, loadingOlder, error]);
    if (drawn !== this.#drawn) this.#draw(room, pending, loadingOlder, error);
    this.#drawn = drawn;
    // A short timeline leaves nothing to scroll; then more is asked for right away.
    if (room.membership !== "invite") this.#onScroll();
  }

  #draw(room, pending, loadingOlder, error) {
    this.#renderHeader(room);
    const invited = room.membership === "invite";
    this.invite.hidden = !invited;
    this.timeline.hidden = invited;
    this.timeline.ariaBusy = String(loadingOlder);
    if (invited) this.#renderInvite(room, error);
    else this.#renderTimeline(room, pending, loadingOlder);
    this.#renderComposer(room);
    setText(this.typing, typingLine(room));
  }

  focusComposer() {
    if (!this.input.disabled && matchMedia("(min-width: 721px)").matches) this.input.focus();
  }

  #reset(id) {
    this.#shownId = id;
    this.#items.clear();
    this.events.replaceChildren();
    this.timeline.scrollTop = 0;
    this.input.value = "";
  }

  #renderHeader(room) {
    setText(this.title, room.displayName);
    fillAvatar(this.avatar, room);
    const members = room.joinedCount ? `${formatNumber(room.joinedCount)} ${room.joinedCount === 1 ? "member" : "members"}` : "";
    const parts = [members, room.isEncrypted && "Encrypted", room.stateContent("m.room.topic")?.topic].filter(Boolean);
    setText(this.subtitle, parts.join(" · "));
  }

  #renderInvite(room, error) {
    const inviter = room.inviter();
    this.invite.replaceChildren(
      h("h2", {}, room.displayName),
      h("p", {}, inviter ? `${room.memberName(inviter)} (${inviter}) invites you ${room.isDm ? "to chat" : "to this room"}.` : "You are invited to this room."),
      h(
        "div",
        { class: "buttons" },
        h("button", { class: "primary", testid: "invite-accept", onclick: this.handlers.onAccept }, "Accept"),
        h("button", { testid: "invite-decline", onclick: this.handlers.onDecline }, "Decline"),
      ),
      h("p", { class: "error", role: "alert" }, error),
    );
  }

  #renderTimeline(room, pending, loadingOlder) {
    const items = assemble(room, pending, this.me);
    const keep = new Set(items.map((item) => item.key));
    for (const [key, { element }] of this.#items) {
      if (keep.has(key)) continue;
      element.remove();
      this.#items.delete(key);
    }
    items.forEach((item, i) => {
      const element = this.#itemElement(item, room);
      const standing = this.events.children[i] ?? null;
      if (element !== standing) this.events.insertBefore(element, standing);
    });
    setText(this.start, room.prevBatch ? (loadingOlder ? "Loading earlier messages …" : "") : room.timeline.length ? beginning(room) : "");
  }

  #itemElement(item, room) {
    const signature = signatureOf(item, room);
    const known = this.#items.get(item.key);
    if (known?.signature === signature) return known.element;
    const element = this.#buildItem(item, room);
    known?.element.replaceWith(element);
    this.#items.set(item.key, { element, signature });
    return element;
  }

  #buildItem(item, room) {
    if (item.kind === "day") return h("li", { class: "day" }, h("span", {}, formatDay(item.ts)));
    const { sender, event_id: eventId } = item.event;
    const name = room.memberName(sender);
    const data = { testid: "event", "data-event-id": eventId ?? "" };
    if (item.kind === "state") return h("li", { class: "notice", ...data }, `${name} ${item.description.text}`);
    const own = sender === this.me;
    return h(
      "li",
      { class: ["message", own && "own", item.first && "first", item.status, item.description.kind].filter(Boolean).join(" "), ...data },
      !own && item.first && h("span", { class: "avatar tiny", "aria-hidden": "true", style: `--hue: ${hue(sender)}` }, initials(name)),
      item.first && h("span", { class: own ? "sender visually-hidden" : "sender", style: `--hue: ${hue(sender)}` }, own ? "You" : name),
      h(
        "div",
        { class: "bubble" },
        item.reply && h("blockquote", {}, h("strong", {}, item.reply.sender), " ", item.reply.text.slice(0, 140)),
        h("p", { class: "body" }, item.description.kind === "emote" ? `${name} ` : "", ...linkified(item.description.text)),
        h("span", { class: "meta" }, item.edited && "edited · ", this.#statusOf(item)),
      ),
      item.reactions && h("div", { class: "reactions" }, ...[...item.reactions].map(([key, senders]) => reaction(key, senders, room, this.me))),
    );
  }

  #statusOf(item) {
    if (item.status === "sending") return "sending …";
    if (item.status === "failed") return h("button", { class: "retry", onclick: () => this.handlers.onRetry(item.key) }, "Not sent. Try again");
    return h("time", { dateTime: new Date(item.ts).toISOString() }, formatClock(item.ts));
  }

  #buildComposer() {
    this.input = h("textarea", { testid: "composer", rows: 1, placeholder: "Message", "aria-label": "Message", oninput: () => this.#grow(), onkeydown: (event) => this.#onComposerKey(event) });
    this.sendButton = h("button", { class: "send", testid: "composer-send", type: "submit", "aria-label": "Send" }, icon("send"));
    return h("form", { class: "composer", onsubmit: (event) => (event.preventDefault(), this.#send()) }, this.input, this.sendButton);
  }

  #renderComposer(room) {
    const why =
      room.membership !== "join" ? "You are not in this room." : room.isEncrypted ? "This page does not encrypt, so it sends nothing into encrypted rooms." : room.isSpace ? "Spaces hold rooms, not messages." : "";
    this.composer.hidden = room.membership === "invite";
    this.input.disabled = this.sendButton.disabled = why !== "";
    this.input.placeholder = why || "Message";
  }

  #onComposerKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  #send() {
    const body = this.input.value.trim();
    if (!body || this.input.disabled) return;
    this.input.value = "";
    this.#grow();
    this.handlers.onSend(body);
    this.timeline.scrollTop = 0;
  }

  #grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 160)}px`;
  }

  // The timeline is a reversed column: its scroll position is 0 at the newest event and negative above, so that
  // neither new events nor older ones move what one reads.
  #atEnd() {
    return this.timeline.scrollTop > -80;
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.timeline;
    if (this.#room?.prevBatch && scrollHeight - clientHeight + scrollTop < NEAR_START) this.handlers.onOlder();
    if (this.#room && this.#atEnd()) this.handlers.onRead();
  }
}

function signatureOf(item, room) {
  if (item.kind === "day") return formatDay(item.ts);
  const reactions = item.reactions ? [...item.reactions].map(([key, senders]) => key + senders.size).join() : "";
  return [item.description.text, item.first, item.edited, item.status, reactions, item.reply?.text, room.memberName(item.event.sender)].join("\u0000");
}

function reaction(key, senders, room, me) {
  const names = joinNames([...senders].slice(0, 6).map((sender) => (sender === me ? "You" : room.memberName(sender))));
  return h("span", { class: senders.has(me) ? "reaction own" : "reaction", title: names, "aria-label": `${key} from ${names}` }, `${key} `, senders.size > 1 ? senders.size : "");
}

function typingLine(room) {
  const names = room.typing.slice(0, 3).map((userId) => room.memberName(userId));
  if (names.length === 0) return "";
  return `${joinNames(names)} ${names.length === 1 ? "is" : "are"} typing …`;
}

const beginning = (room) => (room.isDm ? "The beginning of your conversation" : `The beginning of ${room.displayName}`);

/** Splits text at its links. */
function linkified(text) {
  return text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/u).map((part, i) => (i % 2 ? h("a", { href: part, target: "_blank", rel: "noreferrer noopener" }, part) : part));
}
