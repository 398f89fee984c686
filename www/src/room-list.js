// The room list: a scroll area as high as the whole list, with elements only for the rows on screen.
import { h, setText } from "./dom.js";
import { preview } from "./events.js";
import { formatNumber, formatStamp, hue, initials } from "./format.js";

export const ROW_HEIGHT = 68;
/** Rows drawn beyond each edge of the screen. */
const SPARE_ROWS = 6;

/**
 * @typedef {object} ListModel what the list shows
 * @property {number} count
 * @property {(index: number) => import("./rooms.js").Room | undefined} roomAt
 * @property {string | undefined} openRoomId
 * @property {string} me
 * @property {boolean} loading whether the first answer is still awaited
 * @property {string} emptyText
 */

export class RoomList {
  /** @type {Map<number, ReturnType<typeof buildRow>>} */
  #rows = new Map();
  #active = 0;
  #model;

  /**
   * @param {{ onVisible: (visible: [number, number]) => void, onOpen: (room: import("./rooms.js").Room) => void }} handlers
   */
  constructor({ onVisible, onOpen }) {
    this.onVisible = onVisible;
    this.onOpen = onOpen;
    this.empty = h("p", { class: "list-empty", hidden: true });
    this.sizer = h("div", { class: "list-sizer", role: "presentation" });
    this.element = h(
      "div",
      { class: "list", testid: "room-list", role: "listbox", tabIndex: 0, "aria-label": "Rooms", onkeydown: (event) => this.#onKey(event) },
      this.sizer,
      this.empty,
    );
    this.element.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.sizer.addEventListener("click", (event) => this.#onClick(event));
    new ResizeObserver(() => this.#model && this.#onScroll()).observe(this.element);
  }

  get rowCount() {
    return this.#rows.size;
  }

  scrollToTop() {
    this.#active = 0;
    this.element.scrollTop = 0;
  }

  /** @param {ListModel} model */
  render(model) {
    this.#model = model;
    const height = `${(model.loading ? 12 : model.count) * ROW_HEIGHT}px`;
    if (this.sizer.style.height !== height) this.sizer.style.height = height;
    this.empty.hidden = model.loading || model.count > 0;
    setText(this.empty, model.emptyText);
    if (this.element.clientHeight > 0) this.#draw();
  }

  /** @returns {[number, number]} */
  visible() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT));
    return [first, Math.max(first, Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) - 1)];
  }

  #onScroll() {
    // Out of sight, as on a phone beside an open room, nothing is to be drawn and no other range needed.
    if (this.element.clientHeight === 0) return;
    this.#draw();
    this.onVisible(this.visible());
  }

  #draw() {
    const [first, last] = this.visible();
    const start = Math.max(0, first - SPARE_ROWS);
    const end = Math.min((this.#model.loading ? 12 : this.#model.count) - 1, last + SPARE_ROWS);
    for (const [index, row] of this.#rows) {
      if (index >= start && index <= end) continue;
      row.element.remove();
      this.#rows.delete(index);
    }
    let painted = false;
    for (let index = start; index <= end; index++) painted = this.#drawRow(index) || painted;
    if (painted) markPainted();
    if (this.#rows.has(this.#active)) this.element.setAttribute("aria-activedescendant", `row-${this.#active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** @returns {boolean} whether the row shows a room */
  #drawRow(index) {
    const room = this.#model.loading ? undefined : this.#model.roomAt(index);
    const row = this.#rows.get(index) ?? this.#newRow(index);
    const signature = room
      ? `${room.id} ${room.version} ${room.id === this.#model.openRoomId} ${index === this.#active} ${this.#model.count}`
      : `unknown ${this.#model.count}`;
    if (row.signature !== signature) {
      row.signature = signature;
      row.fill(room, index, this.#model, index === this.#active);
    }
    return room !== undefined;
  }

  #newRow(index) {
    const row = buildRow(index);
    this.#rows.set(index, row);
    this.sizer.append(row.element);
    return row;
  }

  #onClick(event) {
    const element = event.target.closest("[data-index]");
    if (element) this.#open(Number(element.dataset.index));
  }

  #open(index) {
    const room = this.#model.roomAt(index);
    if (!room) return;
    this.#active = index;
    this.onOpen(room);
  }

  #onKey(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 1);
    const last = this.#model.count - 1;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key === "Enter" || event.key === " ") this.#open(this.#active);
    else if (event.key in moves) this.#activate(Math.min(last, Math.max(0, this.#active + moves[event.key])));
    else return;
    event.preventDefault();
  }

  #activate(index) {
    this.#active = index;
    const top = index * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.element.scrollTop = top + ROW_HEIGHT - clientHeight;
    this.#draw();
  }
}

/** Builds a row once; filling it for another room changes what differs only. */
function buildRow(index) {
  const avatar = h("span", { class: "avatar", "aria-hidden": "true" });
  const name = h("span", { class: "row-name" });
  const time = h("time", { class: "row-time" });
  const text = h("span", { class: "row-preview" });
  const badge = h("span", { class: "badge" });
  const element = h(
    "div",
    { class: "row", id: `row-${index}`, role: "option", style: `transform: translateY(${index * ROW_HEIGHT}px)` },
    avatar,
    h("span", { class: "row-top" }, name, time),
    h("span", { class: "row-bottom" }, text, badge),
  );
  element.dataset.index = String(index);
  element.setAttribute("aria-posinset", String(index + 1));
  return { element, signature: "", fill };

  function fill(room, index, model, isActive) {
    element.setAttribute("aria-setsize", String(model.count));
    element.classList.toggle("skeleton", !room);
    element.classList.toggle("active", isActive);
    if (!room) {
      delete element.dataset.testid;
      delete element.dataset.roomId;
      element.setAttribute("aria-label", "Loading");
      for (const part of [avatar, name, time, text, badge]) setText(part, "");
      avatar.style.setProperty("--hue", "");
      return;
    }
    element.dataset.testid = "room-row";
    element.dataset.roomId = room.id;
    element.removeAttribute("aria-label");
    element.setAttribute("aria-selected", String(room.id === model.openRoomId));
    fillRoom(room, model);
  }

  function fillRoom(room, model) {
    const last = room.membership === "invite" ? invitation(room) : preview(room, model.me);
    const ts = last.ts ?? 0;
    const unread = room.isUnread(model.me);
    setText(name, room.displayName);
    setText(time, ts ? formatStamp(ts) : "");
    setText(text, room.membership === "leave" || room.membership === "ban" ? "No longer in this room" : last.text);
    text.classList.toggle("quiet", Boolean(last.quiet));
    fillAvatar(avatar, room);
    element.classList.toggle("unread", unread);
    element.classList.toggle("gone", room.membership === "leave" || room.membership === "ban");
    element.classList.toggle("invite", room.membership === "invite");
    fillBadge(badge, room, unread);
  }
}

export function fillAvatar(avatar, room) {
  setText(avatar, initials(room.displayName));
  avatar.style.setProperty("--hue", String(hue(room.isDm ? (room.heroes[0]?.user_id ?? room.id) : room.id)));
  avatar.classList.toggle("square", room.isSpace);
}

function fillBadge(badge, room, unread) {
  const count = room.counts?.notification ?? 0;
  const highlight = (room.counts?.highlight ?? 0) > 0;
  setText(badge, room.membership === "invite" ? "Invite" : count > 0 ? formatNumber(Math.min(count, 999)) : "");
  badge.classList.toggle("dot", unread && badge.textContent === "");
  badge.classList.toggle("highlight", highlight || room.membership === "invite");
  if (unread) badge.setAttribute("aria-label", count > 0 ? `${count} unread` : "unread");
  else badge.removeAttribute("aria-label");
}

function invitation(room) {
  const inviter = room.inviter();
  return { text: inviter ? `${room.memberName(inviter)} invites you` : "You are invited", ts: undefined, quiet: false };
}

let painted = false;

/** Marks the moment at which rooms, not placeholders, first reached the screen. */
function markPainted() {
  if (painted) return;
  painted = true;
  requestAnimationFrame(() => performance.mark("sash:list-painted"));
}
