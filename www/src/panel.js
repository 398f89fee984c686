// The details panel: what happens under the hood, in numbers.
import { h, icon, setText } from "./dom.js";
import { formatBytes, formatClock, formatMs, formatNumber } from "./format.js";

const PHASES = { "": "Starting", start: "Starting", scout: "Looking for recent rooms", whole: "Fetching all rooms", crawl: "Fetching room by room", complete: "Complete" };
const STATES = { starting: "Starting", live: "Live", "catching-up": "Catching up", offline: "Offline", "token-expired": "Logged out", stopped: "Stopped", failed: "Failed", closed: "Closed" };

export const phaseText = (phase) => PHASES[phase] ?? phase;
export const stateText = (state) => STATES[state] ?? state;

export class Panel {
  /**
   * @param {import("./session.js").Session} session
   * @param {{ onMode: (mode: "engine" | "server", server: string) => void, onClose: () => void, onExplain: () => void }} handlers
   */
  constructor(session, handlers) {
    this.session = session;
    this.values = {};
    this.phase = h("span", {});
    this.bar = h("progress", { max: 1, value: 0, "aria-label": "Rooms known of all rooms" });
    this.barText = h("span", { class: "quiet" });
    this.log = h("tbody", {});
    this.sentences = h("ul", { class: "because", testid: "panel-because", "aria-live": "polite" });
    this.error = h("p", { class: "error", role: "alert" });
    this.element = h(
      "aside",
      { class: "panel", testid: "panel", hidden: true, "aria-label": "Details" },
      h("header", {}, h("h2", {}, "Under the hood"), h("button", { class: "icon-button", "aria-label": "Close details", onclick: handlers.onClose }, icon("close"))),
      h("section", {}, h("h3", {}, "Rooms"), h("div", { class: "bar-label" }, this.phase, this.barText), this.bar, this.error),
      h("section", { class: "tiles" }, ...this.#tiles()),
      this.#explainSection(handlers.onExplain),
      h("section", {}, h("h3", {}, "Sliding sync is answered by"), this.#modeForm(handlers.onMode)),
      h("section", {}, h("h3", {}, "Last syncs"), this.#logTable()),
    );
  }

  /**
   * @param {import("./stats.js").Stats} stats
   * @param {{ known: number, count: number, rows: number }} list
   */
  render(stats, list) {
    const { progress, status } = stats;
    const known = progress?.roomsKnown ?? list.known;
    const total = progress?.roomsTotal ?? list.count;
    const complete = progress ? progress.phase === "complete" : undefined;
    setText(this.phase, progress ? phaseText(progress.phase) : "Sent to this page");
    const size = progress?.bytes ? ` · ${formatBytes(progress.bytes)}` : "";
    setText(this.barText, (total ? `${formatNumber(known)} of ${formatNumber(total)}` : formatNumber(known)) + size);
    this.bar.value = complete ? 1 : total ? known / total : 0;
    setText(this.error, status.message ?? "");
    this.#fillTiles(stats, list);
    this.log.replaceChildren(...stats.log.map(logRow));
  }

  /** @param {boolean} hasRoom whether a room is open, and so something to explain */
  showExplain(hasRoom) {
    this.explain.hidden = !hasRoom;
  }

  /** @param {string[]} sentences */
  showSentences(sentences) {
    this.sentences.replaceChildren(...sentences.map((sentence) => h("li", {}, sentence)));
  }

  #explainSection(onExplain) {
    const button = h("button", { class: "chip", testid: "panel-explain", onclick: onExplain }, "Why is it where it is?");
    this.explain = h("section", { hidden: true }, h("h3", {}, "The open room"), button, this.sentences);
    return this.explain;
  }

  #tiles() {
    const tile = (key, label) => h("div", { class: "tile" }, (this.values[key] = h("strong", { "data-value": key }, "–")), h("span", {}, label));
    return [
      tile("lastMs", "last sync"),
      tile("painted", "to the list"),
      tile("rate", "requests a second"),
      tile("requests", "requests"),
      tile("bytes", "to this page"),
      tile("block", "longest block"),
      tile("known", "rooms here"),
      tile("rows", "rows drawn"),
    ];
  }

  #fillTiles(stats, list) {
    const show = (key, text) => setText(this.values[key], text);
    show("lastMs", stats.syncs ? formatMs(stats.lastMs) : "–");
    show("painted", stats.paintedAt ? formatMs(stats.paintedAt) : "–");
    show("rate", stats.rate.toFixed(1));
    show("requests", formatNumber(stats.requests));
    show("bytes", formatBytes(stats.bytes));
    show("block", stats.longestBlock ? formatMs(stats.longestBlock) : "< 50 ms");
    show("known", formatNumber(list.known));
    show("rows", formatNumber(list.rows));
  }

  #modeForm(onMode) {
    const server = h("input", { type: "text", inputMode: "url", name: "server", value: this.session.server, placeholder: "https://sash.example.org", "aria-label": "URL of the server", testid: "panel-server" });
    const choice = (mode, label) =>
      h("label", {}, h("input", { type: "radio", name: "panel-mode", value: mode, checked: this.session.mode === mode, testid: `panel-mode-${mode}`, onchange: () => changed(mode) }), h("span", {}, label));
    const changed = (mode) => {
      server.hidden = mode === "engine";
      if (mode === "engine" || server.value) onMode(mode, server.value);
      else server.focus();
    };
    server.hidden = this.session.mode === "engine";
    server.addEventListener("change", () => server.value && onMode("server", server.value));
    return h("div", { class: "stack" }, h("div", { class: "segments", role: "radiogroup", "aria-label": "Mode" }, choice("engine", "This browser"), choice("server", "A server")), server);
  }

  #logTable() {
    const heads = ["Time", "Took", "Size", "Rooms", "Range"].map((text) => h("th", { scope: "col" }, text));
    return h("table", { class: "log" }, h("thead", {}, h("tr", {}, ...heads)), this.log);
  }
}

function logRow({ time, ms, bytes, rooms, waited, range }) {
  return h(
    "tr",
    { class: waited ? "waited" : "" },
    h("td", {}, formatClock(time)),
    h("td", { title: waited ? "Waited for news" : "Answered at once" }, waited ? "waited" : formatMs(ms)),
    h("td", {}, bytes ? formatBytes(bytes) : "–"),
    h("td", {}, formatNumber(rooms)),
    h("td", {}, range),
  );
}
