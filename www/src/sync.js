// The sync loop: one connection, one request at a time, each carrying its whole configuration (MSC4186).

const POLL_MS = 30_000;
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];

/**
 * @typedef {{ ms: number, bytes: Promise<number>, rooms: number, waited: boolean, request: any }} Exchange
 * @typedef {object} Handlers
 * @property {() => object} configure lists, subscriptions and extensions as they should be now
 * @property {(response: any, exchange: Exchange) => void} onResponse
 * @property {(state: "live" | "offline", message?: string) => void} onState
 * @property {() => void} onTokenExpired
 * @property {() => Promise<void>} onEngineFailed brings a new engine; the connection goes on where it was
 */

export class SyncLoop {
  #sync;
  #connId;
  #handlers;
  #pos;
  #stopped = false;
  /** The configuration that was answered last; another one is answered at once instead of parking. */
  #answered = "";
  #parked = new AbortController();
  #failures = 0;

  /**
   * @param {import("./transport.js").Transport["sync"]} sync
   * @param {string} connId
   * @param {Handlers} handlers
   */
  constructor(sync, connId, handlers) {
    this.#sync = sync;
    this.#connId = connId;
    this.#handlers = handlers;
  }

  async run() {
    // A parked request would not notice for half a minute that the network is gone.
    const onOffline = () => this.poke();
    addEventListener("offline", onOffline);
    while (!this.#stopped) {
      try {
        await this.#exchange();
      } catch (error) {
        if (!this.#stopped) await this.#recover(error);
      }
    }
    removeEventListener("offline", onOffline);
  }

  /** Tells that the configuration may have changed. A parked request is given up for it, a working one is not. */
  poke() {
    this.#parked.abort();
  }

  stop() {
    this.#stopped = true;
    this.#parked.abort();
  }

  async #exchange() {
    const configuration = this.#handlers.configure();
    const key = JSON.stringify(configuration);
    const park = this.#pos !== undefined && key === this.#answered && this.#failures === 0;
    this.#parked = new AbortController();
    const request = { conn_id: this.#connId, pos: this.#pos, timeout: park ? POLL_MS : 0, ...configuration };
    // Only a parked request may be cut short: giving up working ones while someone scrolls would answer nothing.
    const signal = park ? this.#parked.signal : this.#deadline();
    const started = performance.now();
    const { response, bytes } = await this.#sync(request, { signal });
    const ms = performance.now() - started;
    if (this.#stopped) return;
    this.#pos = response.pos;
    this.#answered = key;
    this.#failures = 0;
    const rooms = Object.keys(response.rooms ?? {}).length;
    this.#handlers.onState("live");
    this.#handlers.onResponse(response, { ms, bytes, rooms, waited: park, request });
    // An answer without news must not turn the long poll into a busy loop.
    if (park && rooms === 0 && ms < 50) await this.#sleep(200);
  }

  #deadline() {
    const stop = new AbortController();
    this.#parked.signal.addEventListener("abort", () => this.#stopped && stop.abort());
    return stop.signal;
  }

  async #recover(error) {
    if (error?.name === "AbortError") return;
    switch (error?.errcode) {
      case "M_UNKNOWN_POS":
        this.#pos = undefined;
        return;
      case "M_UNKNOWN_TOKEN":
      case "M_MISSING_TOKEN":
        this.stop();
        return this.#handlers.onTokenExpired();
      case "SASH_CLOSED":
        return this.stop();
      case "SASH_ENGINE_FAILED":
        await this.#sleep(BACKOFF_MS[0]);
        return this.#stopped ? undefined : this.#handlers.onEngineFailed();
    }
    const backoff = BACKOFF_MS[Math.min(this.#failures++, BACKOFF_MS.length - 1)];
    // A superseded request is no failure of the connection.
    if (error?.status !== 429) this.#handlers.onState("offline", error?.message);
    await this.#sleep(error?.retryAfterMs ?? backoff);
  }

  /** Sleeps, but no longer than until someone pokes or the network returns. */
  #sleep(ms) {
    this.#parked = new AbortController();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const { signal } = this.#parked;
      function done() {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve(undefined);
      }
      addEventListener("online", done);
      signal.addEventListener("abort", done);
    });
  }
}
