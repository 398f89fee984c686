// Errors as classes. Each has an `errcode`: Matrix's own (`M_…`) where the sliding sync API defines one, ours (`SASH_…`) for what can only happen to
// an engine in a browser.

/** What every rejection of this package is, except an aborted call (which rejects with its signal's reason). */
export class SashError extends Error {
  /** A Matrix error code (`M_UNKNOWN_POS`), or one of ours (`SASH_CLOSED`). */
  readonly errcode: string;
  /** The HTTP status that the sliding sync API has for it. */
  readonly status: number;
  /** How long to wait before trying again, in milliseconds; `undefined` if nothing was said. */
  readonly retryAfterMs: number | undefined;

  constructor(errcode: string, message: string, { status = 503, retryAfterMs, cause }: SashErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.errcode = errcode;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** The class's name. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** What more there is to say of an error. */
export interface SashErrorOptions {
  /** The HTTP status; 503 unless given. */
  status?: number;
  /** Milliseconds to wait before trying again. */
  retryAfterMs?: number;
  /** What lies behind it. */
  cause?: unknown;
}

/** `M_UNKNOWN_POS`: the connection is forgotten, or the `pos` was never its own. Send the next request without `pos`. */
export class UnknownPosError extends SashError {}

/** `M_UNKNOWN_TOKEN`: the homeserver does not take the access token any more. What is stored stays, and a new token goes on from there. */
export class TokenExpiredError extends SashError {
  /** Whether the device still exists: log in again with the same device id. */
  readonly softLogout: boolean;

  constructor(message: string, softLogout: boolean) {
    super("M_UNKNOWN_TOKEN", message, { status: 401 });
    this.softLogout = softLogout;
  }
}

/** `M_LIMIT_EXCEEDED`: a newer request on the same connection has taken this one's place, or too many wait. See `retryAfterMs`. */
export class LimitExceededError extends SashError {}

/**
 * The browser's storage failed. `errcode` says how: `SASH_STORAGE_QUOTA` (no room left), `SASH_STORAGE_CORRUPT` (a record cannot be read),
 * `SASH_STORAGE_NEWER` (written by a newer version of this package), `SASH_STORAGE_LOST` (taken over or deleted by another tab), `SASH_STORAGE_FAILED`
 * (anything else that the browser said).
 */
export class StorageError extends SashError {}

/** `SASH_ACCOUNT_IN_USE`: another tab of this origin has the account open. Close it there, or try again later. */
export class AccountInUseError extends SashError {}

/** `SASH_CLOSED`: the engine was closed, or its account stopped. */
export class ClosedError extends SashError {}

/**
 * `SASH_ENGINE_FAILED`: the worker ended or could not begin: it crashed, was terminated, or its files could not be loaded. Nothing that was answered is
 * lost; open a new engine.
 */
export class EngineFailedError extends SashError {}

/** `SASH_UNSUPPORTED`: the browser lacks what the engine needs: a secure context (HTTPS or localhost), module workers, Web Locks, IndexedDB. */
export class UnsupportedError extends SashError {}

/** Makes the error that an answer with an error status stands for. `body` is its parsed JSON, whatever it is. */
export function errorFromAnswer(status: number, body: unknown): SashError {
  const { errcode, error, soft_logout, retry_after_ms } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const code = typeof errcode === "string" ? errcode : "M_UNKNOWN";
  const message = typeof error === "string" ? error : `the engine answered with status ${status}`;
  const retryAfterMs = typeof retry_after_ms === "number" ? retry_after_ms : undefined;
  if (code === "M_UNKNOWN_TOKEN" || code === "M_MISSING_TOKEN") return new TokenExpiredError(message, soft_logout === true);
  return new (classFor(code))(code, message, { status, retryAfterMs });
}

/** Makes the error that the worker reported. */
export function errorFromCode(errcode: string, message: string): SashError {
  return new (classFor(errcode))(errcode, message);
}

/** The JSON that stands for `error` where an HTTP answer is expected. */
export function errorBody(error: SashError): Record<string, unknown> {
  return {
    errcode: error.errcode,
    error: error.message,
    ...(error instanceof TokenExpiredError && { soft_logout: error.softLogout }),
    ...(error.retryAfterMs !== undefined && { retry_after_ms: error.retryAfterMs }),
  };
}

function classFor(errcode: string): new (errcode: string, message: string, options?: SashErrorOptions) => SashError {
  if (errcode.startsWith("SASH_STORAGE_")) return StorageError;
  switch (errcode) {
    case "M_UNKNOWN_POS":
      return UnknownPosError;
    case "M_LIMIT_EXCEEDED":
      return LimitExceededError;
    case "SASH_ACCOUNT_IN_USE":
      return AccountInUseError;
    case "SASH_CLOSED":
      return ClosedError;
    case "SASH_ENGINE_FAILED":
      return EngineFailedError;
    case "SASH_UNSUPPORTED":
      return UnsupportedError;
    default:
      return SashError;
  }
}
