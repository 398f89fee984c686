// What the panel shows: counted here, drawn there.

const LOG_LENGTH = 24;
const RATE_WINDOW_MS = 10_000;

export class Stats {
  syncs = 0;
  requests = 0;
  bytes = 0;
  lastMs = 0;
  longestBlock = 0;
  /** @type {{ time: number, ms: number, bytes: number, rooms: number, waited: boolean, range: string }[]} newest first */
  log = [];
  /** @type {{ phase: string, roomsKnown: number, roomsTotal?: number | null, bytes?: number } | undefined} */
  progress = undefined;
  /** @type {{ state: string, message?: string }} */
  status = { state: "starting" };
  #recent = [];

  constructor() {
    if (PerformanceObserver.supportedEntryTypes.includes("longtask")) {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) this.longestBlock = Math.max(this.longestBlock, entry.duration);
      }).observe({ type: "longtask", buffered: true });
    }
  }

  /** How many requests this page makes per second, of late. */
  get rate() {
    const since = performance.now() - RATE_WINDOW_MS;
    this.#recent = this.#recent.filter((time) => time > since);
    return this.#recent.length / (RATE_WINDOW_MS / 1000);
  }

  /** When rooms first were on screen, in milliseconds since the page began to load. */
  get paintedAt() {
    return performance.getEntriesByName("sash:list-painted")[0]?.startTime;
  }

  countRequest(bytes) {
    this.requests++;
    this.bytes += bytes;
    this.#recent.push(performance.now());
  }

  /** @param {import("./sync.js").Exchange} exchange @param {[number, number]} range */
  countSync({ ms, bytes, rooms, waited }, range) {
    const entry = { time: Date.now(), ms, bytes: 0, rooms, waited, range: `${range[0]}–${range[1]}` };
    this.syncs++;
    // How long a parked request hung says nothing about speed.
    if (!waited) this.lastMs = ms;
    this.log = [entry, ...this.log].slice(0, LOG_LENGTH);
    bytes.then((size) => {
      entry.bytes = size;
      this.countRequest(size);
    });
  }
}
