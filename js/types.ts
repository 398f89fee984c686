// The sliding sync API's request and response, as MSC4186 was merged: `POST /_matrix/client/v4/sync`. Times and limits are in milliseconds.

/** What is wanted of each room. */
export interface RoomConfig {
  /** At most how many timeline events, newest first chosen. */
  timeline_limit: number;
  /** Which state events. */
  required_state: RequiredState;
}

/** State is wanted if `include` matches and `exclude` does not. An absent `type` or `state_key` matches all, so `{ include: [{}] }` is all state. */
export interface RequiredState {
  include?: StatePattern[];
  exclude?: StatePattern[];
  /** Send the members whom the timeline needs, as they are needed. */
  lazy_members?: boolean;
}

/** One element of `include` or `exclude`. `state_key` may be `$ME`, the user's own id. */
export interface StatePattern {
  type?: string;
  state_key?: string;
}

/** Which rooms a list holds. An absent field does not filter. */
export interface Filters {
  is_dm?: boolean;
  is_encrypted?: boolean;
  is_invited?: boolean;
  /** Rooms that are a child of one of these joined spaces. */
  spaces?: string[];
  /** `null` is a room without type. */
  room_types?: (string | null)[];
  not_room_types?: (string | null)[];
  tags?: string[];
  not_tags?: string[];
}

/** One list: the user's rooms that match, latest activity first. */
export interface ListRequest extends RoomConfig {
  /** The inclusive window; without it every matching room. */
  range?: [number, number];
  filters?: Filters;
}

/** Which rooms a per-room extension covers: by default all lists and all subscriptions. `[]` is none. */
export interface ScopedExtension {
  enabled?: boolean;
  lists?: string[];
  rooms?: string[];
}

/** The extensions. Unknown ones are ignored. */
export interface ExtensionsRequest {
  account_data?: ScopedExtension;
  receipts?: ScopedExtension;
  typing?: ScopedExtension;
  presence?: { enabled?: boolean };
  /** MSC4538. `since` acknowledges and deletes what came up to it. */
  "org.matrix.msc4538.to_device"?: { enabled?: boolean; limit?: number; since?: string };
  /** MSC4543. */
  "org.matrix.msc4543.e2ee"?: { enabled?: boolean };
  [extension: string]: unknown;
}

/** One request. It carries the whole configuration each time: nothing is remembered from the one before. */
export interface SyncRequest {
  /** Tells this connection from others of the same device; empty if absent. Requests of one connection follow one another. */
  conn_id?: string;
  /** The `pos` of the last answer, which confirms that it was received. Absent: start over. */
  pos?: string;
  /** How long to wait for news, in milliseconds. Waits only with a `pos`; absent or 0 answers at once. */
  timeout?: number;
  /** As what the user is shown while this API is used; absent means online. */
  set_presence?: "online" | "offline" | "unavailable";
  /** Up to 100 lists by key. */
  lists?: Record<string, ListRequest>;
  /** Up to 100 rooms by id, in lists or not. */
  room_subscriptions?: Record<string, RoomConfig>;
  extensions?: ExtensionsRequest;
}

/** An event as Matrix sends it. A state event that was deleted is only its `type` and `state_key`. */
export interface MatrixEvent {
  type: string;
  state_key?: string;
  event_id?: string;
  sender?: string;
  /** Milliseconds since 1970, as the sender's homeserver says. */
  origin_server_ts?: number;
  content?: Record<string, unknown>;
  unsigned?: Record<string, unknown>;
  [field: string]: unknown;
}

/** Someone by whom a room without a name may be called. */
export interface Hero {
  user_id: string;
  displayname?: string;
  avatar_url?: string;
}

/** What is new of a room. What is absent is unchanged, or not set if `initial`. */
export interface Room {
  /** First time on this connection: replace everything known of the room. */
  initial?: boolean;
  membership?: "join" | "invite" | "knock" | "leave" | "ban";
  /** The keys of the lists whose window holds the room. */
  lists?: string[];
  /** Order rooms by this, largest first. In milliseconds since 1970, roughly. */
  bump_stamp?: number;
  /** `m.room.name`, never a computed name; `null`: removed. */
  name?: string | null;
  /** An `mxc:` URI; `null`: removed. */
  avatar?: string | null;
  /** Up to five, where there is no name. */
  heroes?: Hero[];
  /** Whether the room is in `m.direct`. */
  is_dm?: boolean;
  /** State that is wanted and has changed. */
  required_state?: MatrixEvent[];
  /** Newest last. */
  timeline?: MatrixEvent[];
  /** Whether earlier events exist that were skipped: page back from `prev_batch`. */
  limited?: boolean;
  /** Works as `from` in `/rooms/{roomId}/messages`. */
  prev_batch?: string;
  /** The timeline reaches back past what was sent before, because `timeline_limit` grew. */
  expanded_timeline?: boolean;
  /** How many of the last events are new. */
  num_live?: number;
  joined_count?: number;
  invited_count?: number;
  /** What those outside see: of invites, knocks, and those rejected. */
  stripped_state?: MatrixEvent[];
}

/** What the extensions have to say. */
export interface ExtensionsResponse {
  account_data?: { global?: MatrixEvent[]; rooms?: Record<string, MatrixEvent[]> };
  receipts?: { rooms?: Record<string, MatrixEvent> };
  typing?: { rooms?: Record<string, { user_ids: string[] }> };
  presence?: { events?: MatrixEvent[] };
  "org.matrix.msc4538.to_device"?: { next_batch: string; events: MatrixEvent[] };
  "org.matrix.msc4543.e2ee"?: {
    device_lists?: { changed?: string[]; left?: string[] };
    device_one_time_keys_count?: Record<string, number>;
    device_unused_fallback_key_types?: string[];
  };
  [extension: string]: unknown;
}

/** One answer. */
export interface SyncResponse {
  /** Send it with the next request. */
  pos: string;
  /** Every list that was asked for; `count` is that of all rooms that match its filters. */
  lists: Record<string, { count: number }>;
  /** Rooms that are new to the connection, or have changed. */
  rooms: Record<string, Room>;
  extensions: ExtensionsResponse;
}

/**
 * A request as matrix-rust-sdk and matrix-js-sdk send it today, to `POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync`. `pos`, `timeout` and
 * `set_presence` stand here too; they travel in the query.
 */
export interface SimplifiedSyncRequest {
  conn_id?: string;
  txn_id?: string;
  pos?: string;
  timeout?: number;
  set_presence?: "online" | "offline" | "unavailable";
  lists?: Record<string, { timeline_limit: number; required_state: [string, string][]; ranges?: [number, number][]; filters?: Record<string, unknown> }>;
  room_subscriptions?: Record<string, { timeline_limit: number; required_state: [string, string][] }>;
  extensions?: Record<string, Record<string, unknown>>;
}

/** Its answer. */
export interface SimplifiedSyncResponse {
  pos: string;
  txn_id?: string;
  lists?: Record<string, { count: number; ops?: { op: "SYNC"; range: [number, number]; room_ids: string[] }[] }>;
  rooms: Record<string, Omit<Room, "expanded_timeline"> & { invite_state?: MatrixEvent[]; notification_count?: number; highlight_count?: number; unstable_expanded_timeline?: boolean }>;
  extensions: Record<string, any>;
}
