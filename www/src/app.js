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
/** How soon to look again whether the other tab has let go of the account. */
const IN_USE_RETRY_MS = 500;

export class App {
  /** @type {import("./transport.js").Transport | undefined} */
  #transport;
  /** @type {SyncLoop | undefined} */
  #loop;
  /** @type {Api | undefined} */
  #api;
  #closed = false;
  /** @type {string | undefined} */
  #openId;
  #loadingOlder = false;
  /** Why the last answer to an invitation failed. */
  #error = "";
  /** Why there is nothing to sync with. */
  #failure = "";
  /** Whether the engine itself reports how things stand; it goes on answering while the homeserver is away. */
  #hasStatus = false;
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
    this.panel = new Panel(session, { onMode: handlers.onMode, onClose: () => this.#togglePanel(), onExplain: () => this.#explain() });
    this.chips = FILTERS.map((filter) => this.#chip(filter));
    this.element = this.#build();
    this.onHash = () => this.#open(roomFromHash());
    this.onKey = (event) => event.key === "Escape" && this.#leave();
    addEventListener("hashchange", this.onHash);
    addEventListener("keydown", this.onKey);
    this.ticker = setInterval(this.render, 1000);
    this.#open(roomFromHash());
  }

  async start() {
    await this.#openTransport();
    if (!this.#transport) return;
    this.#api = new Api(baseUrl(this.session), this.session.accessToken, (...args) => this.#fetch(...args), (bytes) => this.stats.countRequest(bytes));
    this.#loop = new SyncLoop((request, options) => this.#sync(request, options), connectionId(), {
      configure: () => this.#configure(),
      onResponse: (response, exchange) => this.#onResponse(response, exchange),
      onState: (state, message) => this.#onState(state, message),
      onTokenExpired: () => this.#expired(),
      onEngineFailed: () => this.#openTransport(),
    });
    this.#loop.run();
  }

  // An engine that failed is replaced, so nobody but these two keeps hold of one.
  #fetch(input, init) {
    return this.#transport ? this.#transport.fetch(input, init) : Promise.reject(new TypeError("closed"));
  }

  #sync(request, options) {
    return this.#transport ? this.#transport.sync(request, options) : Promise.reject(Object.assign(new Error("closed"), { errcode: "SASH_CLOSED" }));
  }

  /** Opens the transport, waiting for other tabs that hold the account. Without success there is a reason on screen. */
  async #openTransport() {
    this.#failure = "";
    while (!this.#closed) {
      try {
        const transport = await openTransport(this.session, { onTokenExpired: () => this.#expired() });
        if (this.#closed) return void transport.close();
        this.#transport = transport;
        this.#failure = "";
        return this.#listen(transport);
      } catch (error) {
        const waits = error?.errcode === "SASH_ACCOUNT_IN_USE";
        this.#failure = waits ? "This account is open in another tab. Close it there to go on here." : `The engine did not start: ${error.message}`;
        this.stats.status = { state: waits ? "starting" : "failed", message: this.#failure };
        this.render();
        if (!waits) return;
        await new Promise((resolve) => setTimeout(resolve, IN_USE_RETRY_MS));
      }
    }
  }

  async close() {
    this.#closed = true;
    clearInterval(this.ticker);
    clearTimeout(this.#rangeTimer);
    removeEventListener("hashchange", this.onHash);
    removeEventListener("keydown", this.onKey);
    this.#loop?.stop();
    await this.#transport?.close();
  }

  async #logout() {
    this.#closed = true;
    this.#loop?.stop();
    // What is stored goes first: the token that is given back afterwards opens nothing any more.
    await this.#transport?.logout().catch(() => {});
    await this.#api?.logout().catch(() => {});
    this.#transport = undefined;
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

  #listen({ events, status }) {
    events.addEventListener("progress", ({ detail }) => this.#onProgress(detail));
    events.addEventListener("status", ({ detail }) => this.#onStatus(detail));
    if (status()) this.#onStatus(status());
  }

  #onProgress(progress) {
    this.stats.progress = { ...this.stats.progress, ...progress };
    this.render();
  }

  #onStatus(status) {
    this.#hasStatus = true;
    this.stats.status = status;
    if (status.progress) this.#onProgress(status.progress);
    if (status.state === "token-expired") this.#expired();
    this.render();
  }

  #onState(state, message) {
    if (!this.#hasStatus) this.stats.status = { state, message };
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
    this.#error = "";
    this.panel.showExplain(Boolean(id));
    this.panel.showSentences([]);
    this.element.classList.toggle("has-room", Boolean(id));
    this.#loop?.poke();
    this.render();
    if (id) requestAnimationFrame(() => this.roomView.focusComposer());
  }

  #send(body) {
    if (!this.#openId) return;
    /** @type {import("./timeline.js").Pending} */
    const echo = { txnId: `sash-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`, body, ts: Date.now() };
    this.#pending.set(this.#openId, [...(this.#pending.get(this.#openId) ?? []), echo]);
    this.#deliver(this.#openId, echo);
  }

  #retry(txnId) {
    const id = this.#openId ?? "";
    const echo = this.#pending.get(id)?.find((echo) => echo.txnId === txnId);
    if (echo) this.#deliver(id, echo);
  }

  async #deliver(roomId, echo) {
    echo.failed = false;
    this.render();
    try {
      if (!this.#api) throw new Error("not open yet");
      // The same transaction id with every try, so that a lost answer does not send the message twice.
      const { event_id: eventId } = await this.#api.send(roomId, echo.txnId, { msgtype: "m.text", body: echo.body });
      echo.eventId = eventId;
    } catch {
      echo.failed = true;
    }
    this.render();
  }

  async #loadOlder() {
    const room = this.store.get(this.#openId ?? "");
    if (!room?.prevBatch || this.#loadingOlder || !this.#api) return;
    this.#loadingOlder = true;
    const from = room.prevBatch;
    try {
      const history = await this.#api.messages(room.id, from);
      // A gap in between has moved the timeline on; then this history no longer adjoins it.
      if (room.prevBatch === from) prependHistory(room, history);
    } catch {
      // Offline: the next scrolling tries again, but not at once.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    this.#loadingOlder = false;
    this.render();
  }

  /** @param {"join" | "leave"} answer */
  async #answerInvite(answer) {
    const id = this.#openId;
    if (!id || !this.#api) return;
    try {
      await this.#api[answer](id);
      if (answer === "leave") this.#show(undefined);
    } catch (error) {
      this.#error = `That did not work: ${error.message}`;
      this.render();
    }
  }

  #markRead() {
    const room = this.store.get(this.#openId ?? "");
    const last = room?.timeline.at(-1)?.event_id;
    if (!last || room.membership !== "join" || document.visibilityState !== "visible") return;
    if (last === this.#readUpTo || last === room.ownRead || !this.#api) return;
    this.#readUpTo = last;
    this.#api.markRead(room.id, last).catch(() => (this.#readUpTo = ""));
  }

  /** Asks why the open room is where it is, and shows what comes. */
  async #explain() {
    const id = this.#openId;
    if (!id || !this.#transport) return;
    try {
      const { because, connections } = await this.#transport.explain(id, connectionId());
      if (id === this.#openId) this.panel.showSentences([...because, ...connections.flatMap((connection) => connection.because)]);
    } catch (error) {
      this.panel.showSentences([`It cannot be explained: ${error.message}`]);
    }
  }

  #leave() {
    if (!this.panel.element.hidden) this.#togglePanel();
    else this.#show(undefined);
  }

  #togglePanel() {
    this.panel.element.hidden = !this.panel.element.hidden;
    this.element.classList.toggle("has-panel", !this.panel.element.hidden);
    this.render();
  }

  #build() {
    this.status = h("span", { class: "status", testid: "status", role: "status" });
    this.progress = h("div", { class: "progress-line", testid: "progress", hidden: true }, h("span", {}), h("progress", { max: 1, "aria-label": "Rooms known" }));
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
      loading: this.list.loading && placement.count === 0 && !this.#failure,
      emptyText: this.#failure ? this.#failure : this.list.filter.id === "all" ? "No rooms yet." : "Nothing here.",
    });
    for (const { filter, element, count } of this.chips) {
      const value = this.list.counts.get(filter.id);
      setText(count, value ? formatNumber(value) : "");
      element.setAttribute("aria-pressed", String(filter === this.list.filter));
    }
    this.crumb.hidden = !this.list.spaceId;
    const { space } = this.list;
    setText(this.crumb, space ? `‹ ${space.displayName}` : "");
    this.#renderStatus();
    const room = this.store.get(this.#openId ?? "");
    document.title = room ? `${room.displayName} · Sash` : "Sash";
    this.roomView.render(room, this.#echoes(room), { loadingOlder: this.#loadingOlder, error: this.#error });
    if (!this.panel.element.hidden) this.panel.render(this.stats, { known: this.store.rooms.size, count: this.list.counts.get("all") ?? 0, rows: this.roomList.rowCount });
  }

  #renderStatus() {
    const { progress, status } = this.stats;
    setText(this.status, `${stateText(status.state)} · ${this.session.mode === "engine" ? "engine" : "server"}`);
    this.status.dataset.state = status.state;
    this.progress.hidden = !progress || progress.phase === "complete";
    if (!progress || progress.phase === "complete") return;
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
