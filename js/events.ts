// Typed events.
import type { Progress, Status } from "./status.js";

/** The events of an engine. */
export interface SashEventMap {
  /** The bootstrap has come further; at most one per commit. */
  progress: CustomEvent<Progress>;
  /** `state` or `message` of the status has changed. */
  status: CustomEvent<Status>;
}

/** The part of `EventTarget` that its users see, with the types of our events. */
export interface SashEvents {
  addEventListener<K extends keyof SashEventMap>(type: K, listener: (event: SashEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof SashEventMap>(type: K, listener: (event: SashEventMap[K]) => void, options?: boolean | EventListenerOptions): void;
  dispatchEvent(event: Event): boolean;
}

/** `EventTarget`, by these types. */
export const TypedEventTarget = EventTarget as unknown as new () => SashEvents;
