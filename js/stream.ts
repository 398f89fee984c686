// The sync loop: keeps `pos`, goes on after failures, starts over when the connection was forgotten.
import { LimitExceededError, SashError, TokenExpiredError, UnknownPosError } from "./errors.js";

/** How long one request of a stream waits for news unless it says otherwise. */
const POLL_MS = 30_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_LONGEST_MS = 30_000;

/** What a stream needs of the world. */
export interface StreamHost<Request, Response> {
  sync(request: Request, options: { signal: AbortSignal | undefined }): Promise<Response>;
  /** Resolves to whether there is a new access token, once that is known. */
  tokenRenewed(): Promise<boolean>;
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
  /** Between 0 and 1. */
  random(): number;
}

/** What a stream tells the function that configures its requests. */
export interface StreamPosition {
  /** The `pos` that the request will carry; `undefined` when it begins a connection, and every room will come as `initial`. */
  readonly pos: string | undefined;
}

/** Yields answer after answer. What was yielded counts as received when the next one is asked for. */
export async function* stream<Request extends { pos?: string; timeout?: number }, Response extends { pos: string }>(
  host: StreamHost<Request, Response>,
  configure: (position: StreamPosition) => Request,
  signal?: AbortSignal,
): AsyncGenerator<Response, never, void> {
  let pos: string | undefined;
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    const request: Request = { timeout: POLL_MS, ...configure({ pos }), pos };
    let response: Response;
    try {
      response = await host.sync(request, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      failures += 1;
      if (error instanceof UnknownPosError && pos !== undefined) pos = undefined;
      else if (error instanceof TokenExpiredError) {
        if (!(await orAborted(host.tokenRenewed(), signal))) throw error;
        // A renewed token that is refused again must not be tried in a tight loop.
        if (failures > 1) await host.sleep(pause(error, failures, host.random()), signal);
      } else if (isTransient(error)) await host.sleep(pause(error, failures, host.random()), signal);
      else throw error;
      continue;
    }
    failures = 0;
    yield response;
    pos = response.pos;
  }
}

/** Waits for `work`, but no longer than until the signal aborts. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true, signal: settled.signal }));
  return Promise.race([work, aborted]).finally(() => settled.abort());
}

/** Returns whether the same request may succeed later. */
function isTransient(error: unknown): error is SashError {
  if (!(error instanceof SashError) || error.errcode.startsWith("SASH_")) return false;
  return error instanceof LimitExceededError || error.status >= 500;
}

function pause(error: SashError, failures: number, random: number): number {
  if (error.retryAfterMs !== undefined) return error.retryAfterMs;
  const longest = Math.min(BACKOFF_FIRST_MS * 2 ** (failures - 1), BACKOFF_LONGEST_MS);
  return longest / 2 + (longest / 2) * random;
}

/** Resolves after `ms`; rejects with the signal's reason if it aborts before. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    function done() {
      signal?.removeEventListener("abort", abort);
      resolve();
    }
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
