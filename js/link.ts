// The page's end of the worker: requests with ids, their replies, and what becomes of them when the worker is lost.
//
// Invariant: every promise given out here settles: with the reply, with the caller's abort, or with the reason why no reply can come any more.
import { EngineFailedError, errorFromCode, type SashError } from "./errors.js";
import { type Account, type FromWorker, PROTOCOL, type ToWorker, type Wire } from "./messages.js";
import type { Status } from "./status.js";

/** The part of `Worker` that is used. */
export interface WorkerLike {
  postMessage(message: ToWorker, transfer?: Transferable[]): void;
  terminate(): void;
  addEventListener(type: "message", listener: (event: { data: FromWorker }) => void): void;
  addEventListener(type: "error", listener: (event: { message?: string; preventDefault?(): void }) => void): void;
  addEventListener(type: "messageerror", listener: () => void): void;
}

/** The part of `navigator.locks` that is used. */
export interface LocksLike {
  request(name: string, options: { signal: AbortSignal }, granted: () => Promise<void>): Promise<unknown>;
}

/** An HTTP answer; `body` is JSON in UTF-8. */
export interface Answer {
  status: number;
  body: ArrayBuffer;
}

export interface LinkOptions {
  worker: WorkerLike;
  /** Where the worker's end shows. */
  locks: LocksLike;
  onStatus: (status: Status) => void;
  /** Called once, when the worker is gone for another reason than `end`. */
  onLost: (error: SashError) => void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Link {
  readonly #worker: WorkerLike;
  readonly #options: LinkOptions;
  readonly #pending = new Map<number, Pending>();
  /** Ends the wait for the worker's lock. */
  readonly #watch = new AbortController();
  readonly #alive = `sash:alive:${crypto.randomUUID()}`;
  #lastId = 0;
  #ended: SashError | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#worker = options.worker;
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault?.();
      // A browser says nothing of why when the file could not be loaded.
      this.#lose(event.message || "the worker could not be loaded; is its URL right, and allowed by the page's policy?");
    });
    this.#worker.addEventListener("messageerror", () => this.#lose("a message from the worker could not be read"));
  }

  /** Opens the account. Rejects if it is in use, or cannot be opened. */
  async open(account: Account, wasmUrl: string | undefined): Promise<void> {
    await this.#ask((id) => ({ type: "open", protocol: PROTOCOL, id, account, alive: this.#alive, wasmUrl }));
  }

  /** Sends a sliding sync request; `body` is given away. Rejects with the signal's reason when it aborts. */
  async sync(wire: Wire | "explain", query: string, body: ArrayBuffer, signal?: AbortSignal | null): Promise<Answer> {
    signal?.throwIfAborted();
    let abort: (() => void) | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const id = this.#send((id) => ({ type: "sync", id, wire, query, body }), { resolve: (answer) => resolve(answer as Answer), reject }, [body]);
        abort = () => {
          if (this.#pending.delete(id)) this.#worker.postMessage({ type: "abort", id });
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", abort);
      });
    } finally {
      if (abort) signal?.removeEventListener("abort", abort);
    }
  }

  /** Returns the v2 token that a `pos` stands for, `undefined` if it is not one of the engine's. */
  async v2Token(pos: string, before: boolean): Promise<string | undefined> {
    return (await this.#ask((id) => ({ type: "v2-token", id, pos, before }))) as string | undefined;
  }

  /** Forgets a room that the user has forgotten on the homeserver. */
  async forgetRoom(roomId: string): Promise<void> {
    await this.#ask((id) => ({ type: "forget-room", id, roomId }));
  }

  setToken(token: string): void {
    if (!this.#ended) this.#worker.postMessage({ type: "set-token", token });
  }

  /** Ends polling; what is stored stays. */
  async stop(): Promise<void> {
    await this.#ask((id) => ({ type: "stop", id }));
  }

  /** Ends polling, and deletes what is stored. */
  async delete(): Promise<void> {
    await this.#ask((id) => ({ type: "delete", id }));
  }

  /** Ends the worker. What is pending, and whatever is asked from now on, rejects with `error`. */
  end(error: SashError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#watch.abort();
    this.#worker.terminate();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }

  #ask(message: (id: number) => ToWorker): Promise<unknown> {
    return new Promise((resolve, reject) => this.#send(message, { resolve, reject }));
  }

  /** Sends a message that is replied to. Returns its id. */
  #send(message: (id: number) => ToWorker, pending: Pending, transfer: Transferable[] = []): number {
    const id = ++this.#lastId;
    if (this.#ended) {
      pending.reject(this.#ended);
      return id;
    }
    this.#pending.set(id, pending);
    try {
      this.#worker.postMessage(message(id), transfer);
    } catch (error) {
      // What cannot be cloned or transferred is the caller's mistake, not the worker's end.
      this.#pending.delete(id);
      pending.reject(error);
    }
    return id;
  }

  #receive(message: FromWorker): void {
    if (this.#ended) return;
    switch (message.type) {
      case "alive":
        return this.#watchOver();
      case "answer":
        return this.#take(message.id)?.resolve({ status: message.status, body: message.body });
      case "done":
        return this.#take(message.id)?.resolve(message.value);
      case "error":
        return this.#take(message.id)?.reject(errorFromCode(message.errcode, message.message));
      case "status":
        return this.#options.onStatus(message.status);
      case "failed":
        return this.#lose(`the engine failed: ${message.message}`);
    }
  }

  /** A reply to what was aborted meanwhile belongs to nobody. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** No event tells that a worker was terminated. Its lock does: it is ours when the worker is gone. */
  #watchOver(): void {
    const gone = async () => this.#lose("the worker was terminated");
    this.#options.locks.request(this.#alive, { signal: this.#watch.signal }, gone).catch(() => {
      // Aborted by `end`.
    });
  }

  #lose(message: string): void {
    if (this.#ended) return;
    const error = new EngineFailedError("SASH_ENGINE_FAILED", message);
    this.end(error);
    this.#options.onLost(error);
  }
}
