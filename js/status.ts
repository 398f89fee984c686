// What an account is doing, for people to see.

/** What the account does now. */
export type State =
  /** No poll has been answered yet; what is stored is served. */
  | "starting"
  /** The poll runs: what is shown is current. */
  | "live"
  /** The poll runs again after a pause, and has not caught up yet. */
  | "catching-up"
  /** The homeserver cannot be reached; what is held is still served. */
  | "offline"
  /** The homeserver does not take the access token any more; see `onTokenExpired`. */
  | "token-expired"
  /** The homeserver refuses the account, or a logout was seen; `message` says which. */
  | "stopped"
  /** The worker is gone: open a new engine. */
  | "failed"
  /** `close()` or `logout()` was called. */
  | "closed";

/** How far the account is known. */
export interface Progress {
  /**
   * `start`: account data and device data come; `scout`: the rooms most likely looked at; `whole`: every room at once; `crawl`: every room, one by one;
   * `complete`: all rooms are known. Empty before the first poll.
   */
  readonly phase: "" | "start" | "scout" | "whole" | "crawl" | "complete";
  /** How many rooms can be shown. */
  readonly roomsKnown: number;
  /** How many rooms there are, where the homeserver said. */
  readonly roomsTotal?: number;
}

/** A snapshot: never changed in place, so it may be compared by identity. */
export interface Status {
  /** What the account does now. */
  readonly state: State;
  /** Why, where there is something to say. */
  readonly message?: string;
  /** How far the account is known. */
  readonly progress: Progress;
}
