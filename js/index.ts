// Sash in the browser: a sliding sync engine for Matrix that runs in a worker and polls an ordinary homeserver. This file is the whole public API.
import { SashError, UnsupportedError } from "./errors.js";
import { Sash, type SashOptions } from "./sash.js";

export {
  AccountInUseError,
  ClosedError,
  EngineFailedError,
  LimitExceededError,
  SashError,
  StorageError,
  TokenExpiredError,
  UnknownPosError,
  UnsupportedError,
} from "./errors.js";
export type { SashErrorOptions } from "./errors.js";
export type { SashEventMap } from "./events.js";
export type * from "./explain.js";
export type { CallOptions, Sash, SashOptions } from "./sash.js";
export type { Progress, State, Status } from "./status.js";
export type { StreamPosition } from "./stream.js";
export type * from "./types.js";

/**
 * Opens the engine of one account in a worker of its own.
 *
 * Resolves as soon as what is stored can be answered from, before anything came over the network. One tab of an origin can have an account open; a second one
 * waits three seconds, as long as a reloading page may take to let go.
 *
 * Rejects with a `SashError`: `AccountInUseError`, `StorageError`, `UnsupportedError`, `EngineFailedError` (its files could not be loaded), or `SASH_CONFIG` for
 * options that cannot be used.
 */
export async function openSash(options: SashOptions): Promise<Sash> {
  check(options);
  if (!globalThis.navigator?.locks || typeof Worker === "undefined") {
    throw new UnsupportedError("SASH_UNSUPPORTED", "the engine needs workers and Web Locks, which browsers give to secure contexts only: HTTPS or localhost");
  }
  return Sash.open(options, options.worker ?? makeWorker(options.workerUrl), navigator.locks);
}

function makeWorker(url: string | URL | undefined): Worker {
  if (url !== undefined) return new Worker(url, { type: "module", name: "sash" });
  // Bundlers recognise a worker by exactly these words.
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}

function check({ homeserver, userId, deviceId, accessToken }: SashOptions): void {
  for (const [name, value] of Object.entries({ userId, deviceId, accessToken })) {
    if (typeof value !== "string" || value === "") throw invalid(`${name} is missing`);
  }
  if (!isHttp(homeserver)) throw invalid(`homeserver is not a URL that begins with http:// or https://: ${homeserver}`);
}

function isHttp(url: string): boolean {
  try {
    return /^https?:$/.test(new URL(url).protocol);
  } catch {
    return false;
  }
}

function invalid(message: string): SashError {
  return new SashError("SASH_CONFIG", message, { status: 400 });
}
