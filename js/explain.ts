// What `sash.explain()` and `GET /_sash/explain` answer. Every field is always there; what does not apply or is not known is `null`. Times are in milliseconds
// since 1970. A position counts the account's commits: what has a larger one came later.
import type { StatePattern } from "./types.js";
import type { Progress, State } from "./status.js";

/** Why a room is, or is not, in what the connections of this device are sent. */
export interface Explanation {
  room_id: string;
  /** Whether the account knows the room. */
  known: boolean;
  /** What there is to say of the room, in plain words. */
  because: string[];
  account: {
    user_id: string;
    device_id: string;
    state: State;
    /** Why, where there is something to say. */
    message: string | null;
    phase: Progress["phase"];
    position: number;
    /** The position at which the polls began that rooms stand on: anew when the homeserver was reset, or another device took over. */
    chain_began: number | null;
  };
  /** What the engine holds of the room; `null` if it is not known. */
  room: HeldRoom | null;
  /** The connections, last used first. */
  connections: ExplainedConnection[];
  /** Those that `connId` leaves out. */
  other_connections: { api: string; conn_id: string }[];
}

/** What the engine holds of a room. */
export interface HeldRoom {
  /** `unknown`: only its id; `provisional`: it was scouted; `whole`: it came with the whole account, by itself, or with the poll. */
  known: "unknown" | "provisional" | "whole";
  /**
   * The position at which it became whole. Before `account.chain_began`, what happened in between is not known yet. What is newer came with the poll,
   * unless it was fetched as history: then it is not live.
   */
  based: number | null;
  /** The position at which the homeserver passed over events of it, as long as it has not told which state vanished meanwhile. */
  gap: number | null;
  membership: "join" | "invite" | "knock" | "leave" | "ban";
  /** Whether somebody else brought the membership about: then a leave is a kick. */
  by_other: boolean;
  ever_joined: boolean;
  /** Whether lists hold it, as far as the membership goes. */
  is_listed: boolean;
  /** Whether only its stripped state is shown. */
  is_outside: boolean;
  name: string | null;
  /** What a client calls the room by. */
  name_from: "m.room.name" | "heroes" | "nothing";
  heroes: string[];
  canonical_alias: string | null;
  avatar: string | null;
  is_encrypted: boolean | null;
  is_dm: boolean;
  /** Whether `m.room.create` is known: then `null` as `room_type` means that it has none. */
  is_type_known: boolean;
  room_type: string | null;
  /** The room that `m.room.tombstone` names. */
  successor: string | null;
  tags: string[];
  /** The joined spaces that have it as a child. */
  spaces: string[];
  space_children: number;
  joined_count: number | null;
  invited_count: number | null;
  notification_count: number | null;
  highlight_count: number | null;
  /** By this lists are sorted, largest first. */
  activity: number;
  bump_stamp: number;
  /** The position of the last change of each aspect; 0 if it never changed. */
  changed: Record<"membership" | "timeline" | "state" | "members" | "summary" | "counts" | "receipts" | "account_data" | "typing", number>;
  timeline: {
    events: number;
    /** How many of them came live, and not as history. */
    live_events: number;
    /** The number of the first event that is held; numbers grow towards the newest. */
    first: number;
    /** One past the number of the newest. */
    end: number;
    /** Whether the first one is the room's first. */
    begins_with_room: boolean;
    /** The numbers of the events before which others are missing. */
    gaps_before: number[];
    /** The homeserver's tokens for `/messages`, and the event that each stands before or after. */
    tokens: { before?: number; after?: number; token: string }[];
  };
  /** How many state events are held of each type, members aside. */
  state: Record<string, number>;
  /** How many entries were removed by a state reset. */
  removed_state: number;
  /** How many members are known of each membership, and whether that is all. */
  members: { complete: boolean; known: Record<string, number> };
  stripped_state: number | null;
  receipts: { held: number; own: { type: string; thread_id: string | null; event_id: string }[] };
  /** The position of the last change of each type of the room's account data. */
  account_data: Record<string, number>;
  typing: string[];
  /** What is being fetched from the homeserver. */
  fetching: ("timeline" | "members")[];
}

/** One connection, as far as the room goes. */
export interface ExplainedConnection {
  api: string;
  conn_id: string;
  /** The same in plain words. */
  because: string[];
  /** When it was used last, or up to an hour earlier. */
  last_used: number;
  /** What became of its last request; `null` if none came since the engine started. Lists and all that hangs on them are known from then on only. */
  request: "waiting" | "answered" | "given_up" | null;
  answered_at: number | null;
  /** The lists of that request. */
  lists: Record<string, ExplainedList>;
  subscribed: boolean;
  /** What is wanted of the room, all matching rules together; `null` if none does. */
  config: ExplainedConfig | null;
  /** What the client has of the room, and has confirmed; `null` if nothing. */
  confirmed: Sent | null;
  /** What it has once it confirms the last answer; `null` if nothing, or if there is no such answer. */
  unconfirmed: Sent | null;
  /** When the room was in an answer last, since the engine started. */
  last_sent_at: number | null;
  /** What the next request gets of the room if it confirms the last answer; `null` if no rule matches the room. */
  next: Next | null;
}

/** One list, as far as the room goes. */
export interface ExplainedList {
  /** How many rooms it holds. */
  count: number;
  /** The filters that keep the room out. */
  refused_by: string[];
  /** The windows asked for; `null` for the whole list. */
  ranges: [number, number][] | null;
  /** The room's place; `null` if the list does not hold it. */
  index: number | null;
  in_window: boolean;
  before: { room_id: string; activity: number } | null;
  after: { room_id: string; activity: number } | null;
}

/** What is wanted of a room: an event that one of the rules includes and does not exclude. */
export interface ExplainedConfig {
  timeline_limit: number;
  required_state: { include: StatePattern[]; exclude: StatePattern[] }[];
  lazy_members: boolean;
}

/** What a client has of a room. */
export interface Sent {
  /** Up to which position; `null` where only the client's `pos` says. */
  up_to: number | null;
  /** Whether it follows `pos`, or has fallen behind it. */
  follows_pos: boolean;
  membership: HeldRoom["membership"];
  is_dm: boolean;
  config: ExplainedConfig;
  /** How many earlier configurations are remembered, so that what they brought is not sent again. */
  former_configs: number;
  /** The client has every event from this number on. */
  timeline_from: number | null;
  /** Whether it asked for more events than there were. */
  timeline_short: boolean;
  /** How many members it got because the timeline needed them. */
  lazy_members: number;
  /** Up to which position each extension was sent; `null` if it was not. */
  extensions: Record<"account_data" | "receipts" | "typing" | "sash.counts", number | null>;
}

/** What an answer would say of a room now. */
export interface Next {
  says_something: boolean;
  /** How many rooms the answer comes to before this one. */
  rooms_ahead: number;
  /** Until when the room waits for this device's own poll, so that an event gets its transaction id. */
  withheld_until: number | null;
  room: {
    initial: boolean;
    timeline: number;
    num_live: number;
    limited: boolean;
    expanded_timeline: boolean;
    required_state: number;
    /** Which other fields it has. */
    fields: string[];
  } | null;
  /** Which extensions speak of the room. */
  extensions: string[];
  /** What is fetched from the homeserver then. */
  fetches: ("timeline" | "members")[];
}
