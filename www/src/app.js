// One logged-in session on screen: wires transport, sync loop, rooms and views.
import { Api } from "./api.js";
import { eachFrame, h, icon, setText } from "./dom.js";
import { FILTERS, SPACE_FILTER } from "./filters.js";
import { formatNumber } from "./format.js";
import { ListState } from "./list-state.js";
import { Panel, phaseText, stateText } from "./panel.js";
import { RoomList } from "./room-list.js";
import { RoomView } from "./room-view.js";
import { prependHistory, RoomStore } from "./rooms.js";
import { baseUrl, clearSession, connectionId } from "./session.js";
import { Stats } from "./stats.js";
import { SyncLoop } from "./sync.js";
import { stillPending } from "./timeline.js";
import { openTransport } from "./transport.js";

const OPEN_ROOM = {
  timeline_limit: 30,
  required_state: {
    include: ["m.room.create", "m.room.canonical_alias", "m.room.encryption", "m.room.tombstone", "m.room.topic", "m.space.child"].map((type) => ({ type })),
    lazy_members: true,
  },
};
/** How long scrolling rests before the range moves. */
const SETTLE_MS = 60;

export class App {
  #transport;
  #loop;
  #closed = false;
  #openId;
  #loadingOlder = false;
  /** @type {Map<string, import("./timeline.js").Pending[]>} what the user sent and the homeserver has not yet sent back */
  #pending = new Map();
  #readUpTo = "";
  #rangeTimer;

  /**
   * @param {import("./session.js").Session} session
   * @param {{ onLogout: (message?: string) => void, onMode: (mode: "engine" | "server", server: string) => void }} handlers
   */
  constructor(session, handlers) {
    this.session = session;
    this.handlers = handlers;
    this.stats = new Stats();
    this.store = new RoomStore(session.userId);
    this.list = new ListState(this.store);
    this.render = eachFrame(() => this.#render());
    this.roomList = new RoomList({ onVisible: (visible) => this.#onVisible(visible), onOpen: (room) => this.#onRow(room) });
    this.roomView = new RoomView(session.userId, {
      onSend: (body) => this.#send(body),
      onRetry: (txnId) => this.#retry(txnId),
      onOlder: () => this.#loadOlder(),
      onAccept: () => this.#answerInvite("join"),
      onDecline: () => this.#answerInvite("leave"),
      onBack: () => this.#show(undefined),
      onPanel: () => this.#togglePanel(),
      onRead: () => this.#markRead(),
    });
    this.panel = new Panel(session, { onMode: handlers.onMode, onClose: () => this.#togglePanel() });
    this.element = this.#build();
    this.onHash = () => this.#open(roomFromHash());
    addEventListener("hashchange", this.onHash);
    this.ticker = setInterval(this.render, 1000);
    this.#open(roomFromHash());
  }

  async start() {
    try {
      this.#transport = await openTransport(this.session, { onTokenExpired: () => this.#expired() });
    } catch (error) {
      this.stats.status = { state: "stopped", message: `The engine did not start: ${error.message}` };
      if (this.panel.element.hidden) this.#togglePanel();
      return this.render();
    }
    if (this.#closed) return void this.#transport.close();
    this.#listen(this.#transport.events);
    this.api = new Api(baseUrl(this.session), this.session.accessToken, this.#transport.fetch, (bytes) => this.stats.countRequest(bytes));
    this.#loop = new SyncLoop(this.#transport, connectionId(), {
      configure: () => this.#configure(),
      onResponse: (response, exchange) => this.#onResponse(response, exchange),
      onState: (state, message) => this.#onState(state, message),
      onTokenExpired: () => this.#expired(),
    });
    this.#loop.run();
  }

  async close() {
    this.#closed = true;
    clearInterval(this.ticker);
    clearTimeout(this.#rangeTimer);
    removeEventListener("hashchange", this.onHash);
    this.#loop?.stop();
    await this.#transport?.close();
  }

  async #logout() {
    this.#loop?.stop();
    await this.api?.logout().catch(() => {});
    await this.#transport?.logout().catch(() => {});
    clearSession();
    this.handlers.onLogout();
  }

  #expired() {
    if (!this.#closed) this.handlers.onLogout("Your session has ended. Log in again to go on.");
  }

  #configure() {
    const subscription = this.#openId ? { room_subscriptions: { [this.#openId]: OPEN_ROOM } } : {};
    return {
      lists: this.list.lists(),
      ...subscription,
      extensions: {
        receipts: { enabled: true },
        typing: { enabled: true, lists: [] },
        "sash.counts": { enabled: true },
      },
    };
  }

  #onResponse(response, exchange) {
    this.store.apply(response);
    this.list.apply(response, exchange.request);
    this.stats.countSync(exchange, exchange.request.lists[this.list.filter.id]?.range ?? this.list.range);
    this.render();
  }

  #listen(events) {
    events.addEventListener("progress", ({ detail }) => {
      this.stats.progress = { ...this.stats.progress, ...detail };
      this.render();
    });
    events.addEventListener("status", ({ detail }) => {
      this.stats.status = detail;
      if (detail.state === "token-expired") this.#expired();
      this.render();
    });
    this.hasStatus = this.session.mode === "engine";
  }

  #onState(state, message) {
    // The engine answers while the homeserver is away, so it alone knows how things stand.
    if (!this.hasStatus) this.stats.status = { state, message };
    else if (state === "offline") this.stats.status = { ...this.stats.status, message };
    this.render();
  }

  #onVisible(visible) {
    clearTimeout(this.#rangeTimer);
    this.#rangeTimer = setTimeout(() => this.list.moveTo(visible) && this.#loop?.poke(), SETTLE_MS);
  }

  #onRow(room) {
    if (room.isSpace && room.membership === "join" && this.list.spaceId !== room.id) this.#choose(SPACE_FILTER, room.id);
    else this.#show(room.id);
  }

  #choose(filter, spaceId) {
    this.list.choose(filter, spaceId);
    this.roomList.scrollToTop();
    this.#loop?.poke();
    this.render();
  }

  #show(id) {
    location.hash = id ? `#/room/${encodeURIComponent(id)}` : "#/";
  }

  #open(id) {
    if (id === this.#openId) return;
    this.#openId = id;
    this.#loadingOlder = false;
    this.element.classList.toggle("has-room", Boolean(id));
    this.#loop?.poke();
    this.render();
    if (id) requestAnimationFrame(() => this.roomView.focusComposer());
  }

  #send(body) {
    const echo = { txnId: `sash-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`, body, ts: Date.now() };
    this.#pending.set(this.#openId, [...(this.#pending.get(this.#openId) ?? []), echo]);
    return this.#deliver(this.#openId, echo);
  }

  #retry(txnId) {
    const echo = this.#pending.get(this.#openId)?.find((echo) => echo.txnId === txnId);
    return echo && this.#deliver(this.#openId, echo);
  }

  async #deliver(roomId, echo) {
    echo.failed = false;
    this.render();
    try {
      // The same transaction id with every try, so that a lost answer does not send the message twice.
      const { event_id: eventId } = await this.api.send(roomId, echo.txnId, { msgtype: "m.text", body: echo.body });
      echo.eventId = eventId;
    } catch {
      echo.failed = true;
    }
    this.render();
  }

  async #loadOlder() {
    const room = this.store.get(this.#openId);
    if (!room?.prevBatch || this.#loadingOlder || !this.api) return;
    this.#loadingOlder = true;
    const from = room.prevBatch;
    try {
      const history = await this.api.messages(room.id, from);
      // A gap in between has moved the timeline on; then this history no longer adjoins it.
      if (room.prevBatch === from) prependHistory(room, history);
    } catch {
      // Offline: the next scrolling tries again, but not at once.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    this.#loadingOlder = false;
    this.render();
  }

  async #answerInvite(answer) {
    const id = this.#openId;
    try {
      await this.api[answer](id);
      if (answer === "leave") this.#show(undefined);
    } catch (error) {
      this.stats.status = { ...this.stats.status, message: error.message };
      this.render();
    }
  }

  #markRead() {
    const room = this.store.get(this.#openId);
    const last = room?.timeline.at(-1)?.event_id;
    if (!last || room.membership !== "join" || document.visibilityState !== "visible") return;
    if (last === this.#readUpTo || last === room.ownRead || !this.api) return;
    this.#readUpTo = last;
    this.api.markRead(room.id, last).catch(() => (this.#readUpTo = ""));
  }

  #togglePanel() {
    this.panel.element.hidden = !this.panel.element.hidden;
    this.element.classList.toggle("has-panel", !this.panel.element.hidden);
    this.render();
  }

  #build() {
    this.status = h("span", { class: "status", testid: "status", role: "status" });
    this.progress = h("div", { class: "progress-line", testid: "progress", hidden: true }, h("span", {}), h("progress", { max: 1, "aria-label": "Rooms known" }));
    this.chips = FILTERS.map((filter) => this.#chip(filter));
    this.crumb = h("button", { class: "crumb", testid: "space-leave", hidden: true, onclick: () => this.#choose(FILTERS[0]) });
    const sidebar = h(
      "nav",
      { class: "sidebar", "aria-label": "Rooms" },
      h(
        "header",
        { class: "sidebar-header" },
        h("span", { class: "logo", "aria-hidden": "true" }),
        h("div", { class: "who" }, h("strong", { title: this.session.userId }, this.session.userId), this.status),
        h("button", { class: "icon-button", "aria-label": "Details", title: "Details", testid: "panel-toggle-list", onclick: () => this.#togglePanel() }, icon("panel")),
        h("button", { class: "icon-button", "aria-label": "Log out", title: "Log out", testid: "logout", onclick: () => this.#logout() }, icon("leave")),
      ),
      h("div", { class: "chips", role: "group", "aria-label": "Filter" }, ...this.chips.map((chip) => chip.element)),
      this.progress,
      this.crumb,
      this.roomList.element,
    );
    return h("div", { class: "app" }, sidebar, this.roomView.element, this.panel.element);
  }

  #chip(filter) {
    const count = h("span", { class: "chip-count" });
    const element = h("button", { class: "chip", testid: `filter-${filter.id}`, onclick: () => this.#choose(filter) }, filter.label, count);
    return { filter, element, count };
  }

  #render() {
    if (this.#closed) return;
    const { placement } = this.list;
    this.roomList.render({
      count: placement.count,
      roomAt: (index) => this.store.get(placement.at(index) ?? ""),
      openRoomId: this.#openId,
      me: this.session.userId,
      loading: this.list.loading && placement.count === 0,
      emptyText: this.list.filter.id === "all" ? "No rooms yet." : "Nothing here.",
    });
    for (const { filter, element, count } of this.chips) {
      const value = this.list.counts.get(filter.id);
      setText(count, value ? formatNumber(value) : "");
      element.setAttribute("aria-pressed", String(filter === this.list.filter));
    }
    this.crumb.hidden = !this.list.spaceId;
    setText(this.crumb, this.list.space ? `‹ ${this.list.space.displayName}` : "");
    this.#renderStatus();
    const room = this.store.get(this.#openId ?? "");
    this.roomView.render(room, this.#echoes(room), this.#loadingOlder);
    if (!this.panel.element.hidden) this.panel.render(this.stats, { known: this.store.rooms.size, count: this.list.counts.get("all") ?? 0, rows: this.roomList.rowCount });
  }

  #renderStatus() {
    const { progress, status } = this.stats;
    setText(this.status, `${stateText(status.state)} · ${this.session.mode === "engine" ? "engine" : "server"}`);
    this.status.dataset.state = status.state;
    const arriving = Boolean(progress && progress.phase !== "complete");
    this.progress.hidden = !arriving;
    if (!arriving) return;
    const { roomsKnown = 0, roomsTotal } = progress;
    const [text, bar] = this.progress.children;
    setText(text, `${phaseText(progress.phase)} · ${formatNumber(roomsKnown)}${roomsTotal ? ` of ${formatNumber(roomsTotal)}` : ""}`);
    if (roomsTotal) bar.value = roomsKnown / roomsTotal;
    else bar.removeAttribute("value");
  }

  #echoes(room) {
    if (!room) return [];
    const left = stillPending(this.#pending.get(room.id) ?? [], room.timeline);
    this.#pending.set(room.id, left);
    return left;
  }
}

function roomFromHash() {
  const id = decodeURIComponent(location.hash.replace(/^#\/room\//, ""));
  return id.startsWith("!") ? id : undefined;
}
