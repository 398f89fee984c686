// What the room list asks for and what it shows: the chosen filter, its range, and which room stands in which row.
import { FILTERS } from "./filters.js";
import { Placement, rangeFor } from "./placement.js";

/** @type {[number, number]} keeps reporting all activity, wherever the list is scrolled to */
const HEAD = [0, 19];
const HEAD_LIST = "head";

const LIST_STATE = {
  include: [
    { type: "m.room.create" },
    { type: "m.room.canonical_alias" },
    { type: "m.room.encryption" },
    { type: "m.room.tombstone" },
    { type: "m.space.child" },
  ],
  lazy_members: true,
};

export class ListState {
  filter = FILTERS[0];
  /** @type {string | undefined} the space whose rooms are shown */
  spaceId = undefined;
  /** @type {[number, number]} */
  range = [0, 40];
  /** Whether the chosen list was not answered yet. */
  loading = true;
  /** @type {Map<string, number>} */
  counts = new Map();
  /** @type {Map<string, Placement>} */
  #placements = new Map();

  /** @param {import("./rooms.js").RoomStore} store */
  constructor(store) {
    this.store = store;
  }

  get placement() {
    const key = this.spaceId ? `${this.filter.id} ${this.spaceId}` : this.filter.id;
    let placement = this.#placements.get(key);
    if (!placement) this.#placements.set(key, (placement = new Placement()));
    return placement;
  }

  get space() {
    return this.spaceId ? this.store.get(this.spaceId) : undefined;
  }

  /** @param {import("./filters.js").Filter} filter @param {string} [spaceId] */
  choose(filter, spaceId) {
    this.filter = filter;
    this.spaceId = spaceId;
    this.range = [0, 40];
    this.placement.distrustTop();
    this.loading = true;
    this.refresh();
  }

  /** @param {[number, number]} visible @returns {boolean} whether another range is needed now */
  moveTo(visible) {
    const range = rangeFor(visible, this.range, this.placement.count);
    const moved = range !== this.range;
    this.range = range;
    return moved;
  }

  /** The `lists` of the next request. Filters that are not chosen are asked for their count alone. */
  lists() {
    const known = FILTERS.filter((filter) => !this.#isLocal(filter));
    const list = (filter, range) => ({ range, timeline_limit: 1, required_state: LIST_STATE, filters: filter.wire(this.spaceId) });
    const lists = Object.fromEntries(known.map((filter) => [filter.id, list(filter, [0, 0])]));
    const chosen = this.#isLocal(this.filter) ? FILTERS[0] : this.filter;
    lists[chosen.id] = list(chosen, this.range);
    lists[HEAD_LIST] = list(chosen, HEAD);
    return lists;
  }

  /**
   * Takes a response that the store has applied.
   * @param {any} response
   * @param {any} request the request that it answers
   */
  apply(response, request) {
    for (const [key, { count }] of Object.entries(response.lists ?? {})) this.counts.set(key, count);
    this.refresh();
    if (this.#isLocal(this.filter)) this.loading = false;
    else if (this.#isAnswered(request) && response.lists?.[this.filter.id]) this.#settle(response, request);
  }

  /** Sorts the rooms anew. */
  refresh() {
    const context = { me: this.store.me, space: this.space };
    const entries = [];
    for (const room of this.store.rooms.values()) {
      if (this.filter.matches(room, context)) entries.push({ id: room.id, stamp: room.bumpStamp });
    }
    this.placement.setRooms(entries);
    if (this.#isLocal(this.filter)) {
      this.placement.settleLocally();
      this.counts.set(this.filter.id, this.placement.count);
    }
  }

  /** The filter may have been changed while the answer was on its way. */
  #isAnswered(request) {
    const wanted = JSON.stringify(this.filter.wire(this.spaceId));
    return [HEAD_LIST, this.filter.id].every((key) => JSON.stringify(request.lists[key]?.filters) === wanted);
  }

  #settle(response, request) {
    const { placement } = this;
    placement.count = response.lists[this.filter.id].count;
    const arrived = (key) => new Set(Object.keys(response.rooms ?? {}).filter((id) => response.rooms[id].lists?.includes(key)));
    placement.settle(HEAD, arrived(HEAD_LIST));
    placement.settle(request.lists[this.filter.id].range, arrived(this.filter.id));
    this.loading = false;
  }

  /** Without unread counts on the other side, only this side can tell what is unread. */
  #isLocal(filter) {
    return filter.id === "unread" && !this.store.hasCounts;
  }
}
