// The rooms as this page knows them, assembled from sliding sync room results (MSC4186, "Room result").
// Knows neither the network nor the document.
import { localpart } from "./format.js";
import { roomName } from "./names.js";

export class Room {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    /** Counts changes, so that views can tell whether they are up to date. */
    this.version = 0;
    // What extensions say is not part of a room result, so `initial` does not clear it.
    /** @type {string[]} */
    this.typing = [];
    /** @type {string | undefined} the event that the user has read up to */
    this.ownRead = undefined;
    /** @type {{ notification: number, highlight: number } | undefined} */
    this.counts = undefined;
    this.clear();
  }

  clear() {
    this.membership = "join";
    this.bumpStamp = 0;
    /** @type {string | undefined} */
    this.name = undefined;
    this.isDm = false;
    /** @type {{ user_id: string, displayname?: string }[]} */
    this.heroes = [];
    this.joinedCount = 0;
    this.invitedCount = 0;
    /** @type {Map<string, Map<string, any>>} type → state key → event */
    this.state = new Map();
    /** @type {any[]} oldest first, without gaps */
    this.timeline = [];
    /** @type {string | undefined} where scrolling back goes on; undefined at the start of the room */
    this.prevBatch = undefined;
  }

  stateContent(type, key = "") {
    return this.state.get(type)?.get(key)?.content;
  }

  get displayName() {
    if (this.#nameVersion !== this.version) {
      this.#name = roomName(this);
      this.#nameVersion = this.version;
    }
    return this.#name;
  }

  get type() {
    return this.stateContent("m.room.create")?.type ?? null;
  }

  get isSpace() {
    return this.type === "m.space";
  }

  get isEncrypted() {
    return Boolean(this.stateContent("m.room.encryption"));
  }

  /** @returns {string[]} the rooms that this space names as its children */
  get children() {
    const children = this.state.get("m.space.child") ?? new Map();
    return [...children].filter(([, event]) => Array.isArray(event.content?.via)).map(([id]) => id);
  }

  memberName(userId) {
    return this.stateContent("m.room.member", userId)?.displayname || this.#heroName(userId) || localpart(userId);
  }

  /** Who invited the user, as far as the stripped state tells. */
  inviter() {
    for (const event of this.state.get("m.room.member")?.values() ?? []) {
      if (event.content?.membership === "invite") return event.sender;
    }
    return undefined;
  }

  /**
   * Whether something here was not read yet. Our engine counts; elsewhere the user's own receipt has to tell.
   * @param {string} me
   */
  isUnread(me) {
    if (this.membership === "invite") return true;
    if (this.counts) return this.counts.notification > 0 || this.counts.highlight > 0;
    const last = this.timeline.findLast((event) => COUNTS_AS_UNREAD.has(event.type));
    return Boolean(last && last.sender !== me && this.ownRead && this.ownRead !== last.event_id);
  }

  #name = "";
  #nameVersion = -1;

  #heroName(userId) {
    return this.heroes.find((hero) => hero.user_id === userId)?.displayname;
  }
}

const COUNTS_AS_UNREAD = new Set(["m.room.message", "m.room.encrypted", "m.sticker"]);

/**
 * Merges one room result. `initial` replaces the room: what it leaves out is not set.
 * @param {Room | undefined} known
 * @param {string} id
 * @param {any} result
 * @returns {Room}
 */
export function mergeRoom(known, id, result) {
  const room = known ?? new Room(id);
  if (result.initial) room.clear();
  if (result.membership) room.membership = result.membership;
  else if (result.initial && result.stripped_state) room.membership = "invite";
  if (result.bump_stamp !== undefined) room.bumpStamp = result.bump_stamp;
  if ("name" in result) room.name = result.name ?? undefined;
  if ("is_dm" in result) room.isDm = result.is_dm;
  if (result.heroes) room.heroes = result.heroes;
  if (result.joined_count !== undefined) room.joinedCount = result.joined_count;
  if (result.invited_count !== undefined) room.invitedCount = result.invited_count;
  // A limited timeline says that membership changes may have been skipped: members start over.
  if (result.limited && !result.initial) room.state.delete("m.room.member");
  mergeState(room, result.required_state ?? result.stripped_state ?? []);
  mergeTimeline(room, result);
  room.version++;
  return room;
}

/** Puts older events, newest first as `/messages` answers them, before the timeline. */
export function prependHistory(room, { chunk = [], state = [], end }) {
  const known = new Set(room.timeline.map((event) => event.event_id));
  const members = room.state.get("m.room.member");
  // History brings the members of its time; what is known already is newer.
  mergeState(room, state.filter((event) => event.type === "m.room.member" && !members?.has(event.state_key)));
  room.timeline = [...chunk.filter((event) => !known.has(event.event_id)).reverse(), ...room.timeline];
  room.prevBatch = end;
  room.version++;
}

function mergeState(room, events) {
  for (const event of events) {
    if (typeof event.type !== "string" || typeof event.state_key !== "string") continue;
    let ofType = room.state.get(event.type);
    if (!ofType) room.state.set(event.type, (ofType = new Map()));
    // A stub without content says that the state is gone.
    if (event.content === undefined) ofType.delete(event.state_key);
    else ofType.set(event.state_key, event);
  }
}

function mergeTimeline(room, result) {
  const events = result.timeline ?? [];
  if (result.initial || result.limited || result.expanded_timeline) {
    if (events.length === 0 && !result.limited) return;
    room.timeline = events;
    room.prevBatch = result.prev_batch;
  } else {
    const known = new Set(room.timeline.slice(-200).map((event) => event.event_id));
    const fresh = events.filter((event) => !known.has(event.event_id));
    if (room.timeline.length === 0 && fresh.length) room.prevBatch = result.prev_batch;
    if (fresh.length) room.timeline = [...room.timeline, ...fresh];
  }
  for (const event of events) if (event.type === "m.room.redaction") redact(room, event);
}

function redact(room, redaction) {
  const target = redaction.redacts ?? redaction.content?.redacts;
  room.timeline = room.timeline.map((event) =>
    event.event_id === target ? { ...event, content: {}, unsigned: { ...event.unsigned, redacted_because: redaction } } : event,
  );
}

/** All rooms of the account that the connection has sent. */
export class RoomStore {
  /** @type {Map<string, Room>} */
  rooms = new Map();
  /** Whether the other side counts unread messages (`sash.counts`). */
  hasCounts = false;

  /** @param {string} me the user's own id */
  constructor(me) {
    this.me = me;
  }

  get(id) {
    return this.rooms.get(id);
  }

  /**
   * Applies a sync response.
   * @returns {Set<string>} the rooms that changed
   */
  apply(response) {
    const changed = new Set();
    for (const [id, result] of Object.entries(response.rooms ?? {})) {
      this.rooms.set(id, mergeRoom(this.rooms.get(id), id, result));
      changed.add(id);
    }
    const { typing, receipts, "sash.counts": counts } = response.extensions ?? {};
    this.#each(typing, changed, (room, value) => {
      room.typing = (value.user_ids ?? value.content?.user_ids ?? []).filter((user) => user !== this.me);
    });
    this.#each(receipts, changed, (room, value) => {
      room.ownRead = newestReceipt(value.content ?? {}, this.me) ?? room.ownRead;
    });
    if (counts) this.hasCounts = true;
    this.#each(counts, changed, (room, value) => {
      // Threads are counted apart; here a room has one badge for all of it.
      const parts = [value, ...Object.values(value.unread_thread_notifications ?? {})];
      const sum = (name) => parts.reduce((total, part) => total + (part[name] ?? 0), 0);
      room.counts = { notification: sum("notification_count"), highlight: sum("highlight_count") };
    });
    return changed;
  }

  #each(extension, changed, update) {
    for (const [id, value] of Object.entries(extension?.rooms ?? {})) {
      const room = this.rooms.get(id);
      if (!room) continue;
      update(room, value);
      room.version++;
      changed.add(id);
    }
  }
}

function newestReceipt(content, me) {
  let newest;
  for (const [eventId, kinds] of Object.entries(content)) {
    for (const kind of ["m.read", "m.read.private"]) {
      const ts = kinds[kind]?.[me]?.ts;
      if (ts !== undefined && !(newest?.ts >= ts)) newest = { eventId, ts };
    }
  }
  return newest?.eventId;
}
