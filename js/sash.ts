// One open engine, as the page has it.
import { ClosedError, errorFromAnswer, errorFromCode, type SashError } from "./errors.js";
import { TypedEventTarget } from "./events.js";
import type { Explanation } from "./explain.js";
import { createFetch } from "./fetch.js";
import { type Answer, Link, type LocksLike, type WorkerLike } from "./link.js";
import type { Wire } from "./messages.js";
import type { Status } from "./status.js";
import { sleep, stream, type StreamPosition } from "./stream.js";
import { type Owner, Tokens } from "./tokens.js";
import type { SimplifiedSyncRequest, SimplifiedSyncResponse, SyncRequest, SyncResponse } from "./types.js";

/** How long `close()` waits for the commit that is being written. */
const CLOSE_WAIT_MS = 5000;
/** The pause before a token is asked for again, after none that works was given; each further one doubles it. */
const RENEWAL_FIRST_MS = 1000;
const RENEWAL_LONGEST_MS = 60_000;

/** Whom the engine serves, and how it is loaded. */
export interface SashOptions {
  /** The homeserver's base URL, such as `https://matrix.example.org` (what `.well-known` names, not the server name). */
  homeserver: string;
  /** Such as `@alice:example.org`. */
  userId: string;
  /** The device that the access token belongs to. */
  deviceId: string;
  accessToken: string;
  /**
   * Called when the homeserver does not take the access token any more. Returns a new one of the same device, or nothing if there is none. If it throws, it is
   * called again later. Until there is a new token, from here or through `sash.fetch`, requests get a `TokenExpiredError`. Leave it out if an SDK renews its token by itself.
   */
  onTokenExpired?: () => string | undefined | void | Promise<string | undefined | void>;
  /** A worker made of this package's `worker.js`, for bundlers that want to see it made. It belongs to the engine, which ends it. */
  worker?: Worker;
  /** Where `worker.js` is, if not beside this file. Of the same origin as the page. */
  workerUrl?: string | URL;
  /** Where `engine.wasm` is, if not beside `worker.js`. */
  wasmUrl?: string | URL;
}

/** How one call is made. */
export interface CallOptions<Api extends Wire = Wire> {
  /** Gives the call up: it rejects with the signal's reason, and nothing is taken as received. */
  signal?: AbortSignal;
  /** `v4`, the default, is MSC4186 as merged; `simplified` what matrix-rust-sdk and matrix-js-sdk speak today. */
  api?: Api;
}

/** Safari and older browsers have no symbol for it yet; then no `await using` asks for it either. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol("Symbol.asyncDispose");

const NOTHING_YET: Status = Object.freeze({ state: "starting", progress: Object.freeze({ phase: "", roomsKnown: 0 }) });

/**
 * A sliding sync engine for one account. Make one with `openSash`.
 *
 * Events: `progress` (`detail` is a `Progress`) while the account is being fetched, `status` (`detail` is a `Status`).
 */
export class Sash extends TypedEventTarget {
  /** The homeserver's base URL. */
  readonly homeserver: string;
  readonly userId: string;
  readonly deviceId: string;
  /**
   * A `fetch` for any Matrix SDK of this account, bound to the engine. Answers sliding sync (`POST …/org.matrix.simplified_msc3575/sync` and
   * `POST /_matrix/client/v4/sync`, on the homeserver's base URL or on a host under `.invalid`) from the engine, lists what it serves in `/versions`, understands its `pos`
   * in `/messages`, `/relations` and `/keys/changes`, and passes everything else through. v2 `/sync` is answered with 400 `M_FORBIDDEN`: two loops of one device
   * lose keys. An access token that the SDK has renewed reaches the engine from here; a logout that passes ends polling.
   */
  readonly fetch: typeof fetch;

  readonly #link: Link;
  readonly #tokens: Tokens;
  readonly #onTokenExpired: SashOptions["onTokenExpired"];
  /** Aborts what waits for this engine's life. */
  readonly #life = new AbortController();
  #status = NOTHING_YET;
  /** How often a token was asked for since one has worked. */
  #renewals = 0;
  /** Whether the token that expired last was replaced. */
  #renewal = Promise.resolve(true);
  #closing: Promise<void> | undefined;

  private constructor(options: SashOptions, worker: WorkerLike, locks: LocksLike) {
    super();
    this.homeserver = options.homeserver;
    this.userId = options.userId;
    this.deviceId = options.deviceId;
    this.#onTokenExpired = options.onTokenExpired;
    this.#link = new Link({ worker, locks, onStatus: (status) => this.#changeStatus(status), onLost: (error) => this.#lose(error) });
    this.#tokens = new Tokens({
      current: options.accessToken,
      whose: (token) => this.#whose(token),
      onRenewed: (token) => this.#link.setToken(token),
    });
    this.fetch = createFetch({
      homeserver: options.homeserver,
      fetch: (input, init) => globalThis.fetch(input, init),
      answer: (wire, query, body, signal) => this.#link.sync(wire, query, body, signal),
      v2Token: (pos, before) => this.#link.v2Token(pos, before),
      tokenSeen: (token) => this.#tokens.see(token),
      // The engine may be gone already; then the room is forgotten with the rest.
      forgotten: (roomId) => void this.#link.forgetRoom(roomId).catch(() => {}),
      // The engine may be gone already; then there is nothing to stop.
      loggedOut: () => void this.#link.stop().catch(() => {}),
    });
  }

  /** @internal Use `openSash`. */
  static async open(options: SashOptions, worker: WorkerLike, locks: LocksLike): Promise<Sash> {
    const { homeserver, userId, deviceId, accessToken, wasmUrl } = options;
    const sash = new Sash(options, worker, locks);
    try {
      await sash.#link.open({ homeserver, userId, deviceId, accessToken }, wasmUrl && new URL(wasmUrl, location.href).href);
      return sash;
    } catch (error) {
      sash.#link.end(errorFromCode("SASH_CLOSED", "the engine was not opened"));
      throw error;
    }
  }

  /** How the account is doing. The same object until something changes: fit for `useSyncExternalStore`. */
  get status(): Status {
    return this.#status;
  }

  /**
   * Sends one sliding sync request, and waits for news as long as its `timeout` says. Several connections (`conn_id`) may wait side by side; a newer request on
   * the same connection ends the older one with a `LimitExceededError`.
   *
   * Rejects with a `SashError`: `UnknownPosError`, `TokenExpiredError`, `StorageError`, `ClosedError`, `EngineFailedError`; or with the signal's reason.
   */
  sync(request: SyncRequest, options?: CallOptions<"v4">): Promise<SyncResponse>;
  sync(request: SimplifiedSyncRequest, options: CallOptions<"simplified"> & { api: "simplified" }): Promise<SimplifiedSyncResponse>;
  async sync(request: SyncRequest | SimplifiedSyncRequest, { signal, api = "v4" }: CallOptions = {}): Promise<SyncResponse | SimplifiedSyncResponse> {
    const { query, body } = api === "simplified" ? inQuery(request) : { query: "", body: request };
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    return read(await this.#link.sync(api, query, bytes.buffer, signal));
  }

  /**
   * Syncs for as long as it is iterated: calls `configure` before each request for what is wanted now, keeps `pos`, waits out failures, and begins a new
   * connection when the engine has forgotten the old one (its rooms then come as `initial` again). What was yielded counts as received when the next answer is
   * asked for. Requests wait 30 s for news unless `configure` names a `timeout`.
   *
   * Ends when the loop is left. Throws the signal's reason when it aborts, and errors that trying again does not cure.
   */
  stream(configure: (position: StreamPosition) => SyncRequest, options?: CallOptions<"v4">): AsyncGenerator<SyncResponse, never, void>;
  stream(
    configure: (position: StreamPosition) => SimplifiedSyncRequest,
    options: CallOptions<"simplified"> & { api: "simplified" },
  ): AsyncGenerator<SimplifiedSyncResponse, never, void>;
  stream(configure: (position: StreamPosition) => any, { signal, api = "v4" }: CallOptions = {}): AsyncGenerator<any, never, void> {
    const host = {
      sync: (request: any, { signal }: { signal: AbortSignal | undefined }): Promise<any> => this.sync(request, { signal, api: api as any }),
      tokenRenewed: () => this.#renewal,
      sleep,
      random: Math.random,
    };
    return stream(host, configure, signal);
  }

  /**
   * Explains why a room is, or is not, in what this device's connections are sent: what the engine holds of it, its place in each list of the last request and
   * the filters that keep it out, what was sent and confirmed, and what a request would get of it now. Nothing is taken as sent by it. For development: its
   * sentences (`because`) may change, its fields stay. `connId` names one connection, on either API; `""` is the one without a `conn_id`.
   */
  async explain(roomId: string, { connId }: { connId?: string } = {}): Promise<Explanation> {
    const query = new URLSearchParams({ room: roomId, ...(connId !== undefined && { conn_id: connId }) });
    return read(await this.#link.sync("explain", query.toString(), new ArrayBuffer(0)));
  }

  /** Ends polling, waits for what is being written, and ends the worker. What is stored stays. Pending calls reject with `ClosedError`. Never rejects. */
  close(): Promise<void> {
    // An engine that is gone, or does not answer, is closed all the same.
    this.#closing ??= Promise.race([this.#link.stop().catch(() => {}), sleep(CLOSE_WAIT_MS)]).then(() => this.#closed());
    return this.#closing;
  }

  /**
   * Deletes everything that is stored of the account in this browser, and closes. Does not log out at the homeserver. Rejects if it could not be deleted; then
   * it may be called again. An engine that was closed already has to be opened again for it.
   */
  async logout(): Promise<void> {
    await this.#link.delete();
    this.#closed();
  }

  /** `close()`, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  #closed(): void {
    const error = new ClosedError("SASH_CLOSED", "the engine was closed");
    this.#link.end(error);
    this.#life.abort(error);
    this.#changeStatus({ ...this.#status, state: "closed", message: undefined });
  }

  #lose(error: SashError): void {
    this.#life.abort(error);
    this.#changeStatus({ ...this.#status, state: "failed", message: error.message });
  }

  #changeStatus(status: Status): void {
    const before = this.#status;
    this.#status = Object.freeze({ ...status, progress: Object.freeze({ ...status.progress }) });
    const { state, message, progress } = this.#status;
    if (progress.phase !== before.progress.phase || progress.roomsKnown !== before.progress.roomsKnown || progress.roomsTotal !== before.progress.roomsTotal) {
      this.dispatchEvent(new CustomEvent("progress", { detail: progress }));
    }
    if (state === before.state && message === before.message) return;
    if (state === "live") this.#renewals = 0;
    if (state === "token-expired" && before.state !== "token-expired") this.#renewal = this.#renew();
    this.dispatchEvent(new CustomEvent("status", { detail: this.#status }));
  }

  /** Asks the app for a new token until it gives one or says that there is none. Returns whether there is one. */
  async #renew(): Promise<boolean> {
    while (this.#onTokenExpired && this.#status.state === "token-expired") {
      try {
        if (this.#renewals > 0) await sleep(Math.min(RENEWAL_FIRST_MS * 2 ** (this.#renewals - 1), RENEWAL_LONGEST_MS), this.#life.signal);
      } catch {
        return false;
      }
      this.#renewals += 1;
      try {
        const token = await this.#onTokenExpired();
        if (!token) return false;
        if (this.#tokens.renew(token)) return true;
      } catch (error) {
        console.warn("sash: onTokenExpired failed, and will be called again", error);
      }
    }
    return this.#status.state !== "token-expired";
  }

  /** Returns whose an access token is, by asking the homeserver. */
  async #whose(token: string): Promise<Owner> {
    for (const version of ["v3", "r0"]) {
      const url = `${this.homeserver.replace(/\/+$/, "")}/_matrix/client/${version}/account/whoami`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, credentials: "omit", signal: this.#life.signal });
      if (response.status === 404) continue;
      if (!response.ok) return "unknown";
      const { user_id, device_id } = await response.json();
      // Homeservers of before 2021 do not name the device.
      return user_id === this.userId && (device_id ?? this.deviceId) === this.deviceId ? "ours" : "other";
    }
    return "unknown";
  }
}

/** Reads an answer. Throws what an error status stands for. */
function read({ status, body }: Answer): any {
  const parsed = JSON.parse(new TextDecoder().decode(body));
  if (status !== 200) throw errorFromAnswer(status, parsed);
  return parsed;
}

/** The simplified API has some of its parameters in the query. */
function inQuery({ pos, timeout, set_presence, ...body }: SyncRequest | SimplifiedSyncRequest): { query: string; body: unknown } {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ pos, timeout, set_presence })) if (value !== undefined) query.set(name, String(value));
  return { query: query.toString(), body };
}
