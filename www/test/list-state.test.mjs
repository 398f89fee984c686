import assert from "node:assert/strict";
import { test } from "node:test";
import { FILTERS, SPACE_FILTER } from "../src/filters.js";
import { ListState } from "../src/list-state.js";
import { RoomStore } from "../src/rooms.js";

const ME = "@me:x";
const filter = (id) => FILTERS.find((filter) => filter.id === id);
const create = (type) => ({ type: "m.room.create", state_key: "", content: { type } });

/** An account's rooms, each in the list "all" and at its head. */
function begin(rooms, count = Object.keys(rooms).length, extensions = {}) {
  const store = new RoomStore(ME);
  const list = new ListState(store);
  const results = Object.entries(rooms).map(([id, result]) => [id, { initial: true, membership: "join", lists: ["all", "head"], ...result }]);
  answer(list, { rooms: Object.fromEntries(results), lists: { all: { count }, head: { count } }, extensions });
  return { store, list };
}

function answer(list, response) {
  const request = { lists: list.lists() };
  list.store.apply(response);
  list.apply(response, request);
}

const rows = (list) => Array.from({ length: list.placement.count }, (_, i) => list.placement.at(i));

test("rooms stand by their bump stamp, and unknown ones after them", () => {
  const { list } = begin({ "!a": { bump_stamp: 1 }, "!b": { bump_stamp: 3 }, "!c": { bump_stamp: 2 } }, 5);
  assert.deepEqual(rows(list), ["!b", "!c", "!a", undefined, undefined]);
});

test("a room that is bumped moves up", () => {
  const { list } = begin({ "!a": { bump_stamp: 1 }, "!b": { bump_stamp: 3 } });
  answer(list, { rooms: { "!a": { bump_stamp: 4, lists: ["all", "head"] } }, lists: { all: { count: 2 } } });
  assert.deepEqual(rows(list), ["!a", "!b"]);
});

test("a filter takes in rooms that are known already, once it is answered", () => {
  const { list } = begin({ "!a": { bump_stamp: 1, is_dm: true }, "!b": { bump_stamp: 3 }, "!c": { bump_stamp: 2, is_dm: true } });
  list.choose(filter("people"));
  assert.equal(list.loading, true);
  answer(list, { rooms: {}, lists: { people: { count: 2 }, head: { count: 2 } } });
  assert.deepEqual(rows(list), ["!c", "!a"]);
  assert.equal(list.loading, false);
});

test("an answer to the former filter does not count for the new one", () => {
  const { list } = begin({ "!a": { bump_stamp: 1 } });
  const request = { lists: list.lists() };
  list.choose(filter("invites"));
  list.apply({ rooms: {}, lists: { all: { count: 1 }, invites: { count: 1 } } }, request);
  assert.equal(list.loading, true);
  assert.equal(list.counts.get("invites"), 1);
});

test("an accepted invitation leaves the invitations", () => {
  const { list, store } = begin({ "!a": { membership: "invite", stripped_state: [], bump_stamp: 1 } });
  list.choose(filter("invites"));
  answer(list, { rooms: {}, lists: { invites: { count: 1 } } });
  assert.deepEqual(rows(list), ["!a"]);
  answer(list, { rooms: { "!a": { initial: true, membership: "join" } }, lists: { invites: { count: 0 } } });
  assert.deepEqual(rows(list), []);
  assert.equal(store.get("!a").membership, "join");
});

test("a space shows its rooms", () => {
  const child = { type: "m.space.child", state_key: "!b", content: { via: ["x"] } };
  const { list } = begin({ "!s": { bump_stamp: 9, required_state: [create("m.space"), child] }, "!a": { bump_stamp: 3 }, "!b": { bump_stamp: 2 } });
  list.choose(SPACE_FILTER, "!s");
  assert.deepEqual(list.lists().space.filters, { spaces: ["!s"] });
  answer(list, { rooms: {}, lists: { space: { count: 1 }, head: { count: 1 } } });
  assert.deepEqual(rows(list), ["!b"]);
});

test("every filter's count is asked for with the smallest range; the chosen one follows the screen", () => {
  const { list } = begin({}, 5000, { "sash.counts": { rooms: {} } });
  list.moveTo([100, 110]);
  const lists = list.lists();
  assert.deepEqual(Object.keys(lists).sort(), ["all", "head", "invites", "people", "rooms", "spaces", "unread"]);
  assert.deepEqual([lists.all.range, lists.people.range, lists.head.range], [[80, 130], [0, 0], [0, 19]]);
});

test("without counts on the other side, unread rooms are picked from the known ones", () => {
  const receipt = { "!a": { content: { $0: { "m.read": { [ME]: { ts: 1 } } } } } };
  const timeline = [{ event_id: "$1", type: "m.room.message", sender: "@bob:x", content: {} }];
  const { list } = begin({ "!a": { bump_stamp: 1, timeline }, "!b": { bump_stamp: 2, timeline } }, 2, { receipts: { rooms: receipt } });
  list.choose(filter("unread"));
  assert.equal("unread" in list.lists(), false);
  assert.deepEqual(rows(list), ["!a"]);
});

test("both forms of each filter agree on which rooms it holds", () => {
  const { store } = begin({
    "!dm": { is_dm: true },
    "!room": {},
    "!space": { required_state: [create("m.space")] },
    "!invite": { membership: "invite", stripped_state: [] },
    "!dm-invite": { membership: "invite", is_dm: true, stripped_state: [] },
  });
  const held = (id) => [...store.rooms.values()].filter((room) => filter(id).matches(room, { me: ME })).map((room) => room.id);
  const expected = (id) => [...store.rooms.values()].filter((room) => wireMatches(room, filter(id).wire())).map((room) => room.id);
  for (const id of ["all", "people", "rooms", "spaces", "invites"]) assert.deepEqual(held(id), expected(id), id);
});

/** MSC4186's filters, as a server reads them. */
function wireMatches(room, filters) {
  if ("is_dm" in filters && room.isDm !== filters.is_dm) return false;
  if ("is_invited" in filters && (room.membership === "invite") !== filters.is_invited) return false;
  if (filters.room_types && !filters.room_types.includes(room.type)) return false;
  return !filters.not_room_types?.includes(room.type);
}
