// What the page and the worker say to each other.
//
// Invariant: only these messages cross; a change that an older or newer worker file would misread raises PROTOCOL. A page meets a worker of another
// version when one of the two files came from a cache.
import type { Status } from "./status.js";

/** The version of these messages. */
export const PROTOCOL = 1;

/** Which API a request speaks: MSC4186 as merged, or what it was called before. */
export type Wire = "v4" | "simplified";

/** What the engine needs to know of the account. */
export interface Account {
  homeserver: string;
  userId: string;
  deviceId: string;
  accessToken: string;
}

/** From the page. An `id` names what is asked, and comes back with its reply; ids are never used twice. */
export type ToWorker =
  /** First of all, and once. `alive` names a lock that the worker shall hold as long as it lives. */
  | { type: "open"; protocol: number; id: number; account: Account; alive: string; wasmUrl?: string }
  /** `body` is transferred. Replied to by `answer`. As `explain` it asks what `GET /_sash/explain` with this query does. */
  | { type: "sync"; id: number; wire: Wire | "explain"; query: string; body: ArrayBuffer }
  /** The request `id` is not waited for any more; it gets no reply. */
  | { type: "abort"; id: number }
  | { type: "v2-token"; id: number; pos: string; before: boolean }
  | { type: "forget-room"; id: number; roomId: string }
  | { type: "set-token"; token: string }
  /** End polling; keep what is stored. */
  | { type: "stop"; id: number }
  /** End polling; delete what is stored. */
  | { type: "delete"; id: number };

/** From the worker. */
export type FromWorker =
  /** The lock named in `open` is held: whoever gets it knows that the worker is gone. */
  | { type: "alive" }
  /** The reply to `sync`: an HTTP answer, `body` transferred. */
  | { type: "answer"; id: number; status: number; body: ArrayBuffer }
  /** The reply to everything else that has an id. */
  | { type: "done"; id: number; value?: string }
  /** The reply to what could not be done. This shape is the same in every version. */
  | { type: "error"; id: number; errcode: string; message: string }
  | { type: "status"; status: Status }
  /** The engine is broken: nothing more will be replied to. */
  | { type: "failed"; message: string };
