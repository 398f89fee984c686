import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeRoom, prependHistory, RoomStore } from "../src/rooms.js";

const ME = "@me:example.org";
const message = (id, sender = "@bob:example.org") => ({ event_id: id, type: "m.room.message", sender, origin_server_ts: 1, content: { body: id } });
const state = (type, key, content) => ({ type, state_key: key, sender: ME, content });
const ids = (room) => room.timeline.map((event) => event.event_id);

test("what an initial result leaves out is not set", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, name: "Garden", is_dm: true, heroes: [{ user_id: "@b:x" }], bump_stamp: 5, timeline: [message("$1")] });
  mergeRoom(room, "!a", { initial: true, bump_stamp: 6 });
  assert.deepEqual([room.name, room.isDm, room.heroes, room.bumpStamp, ids(room)], [undefined, false, [], 6, []]);
});

test("what a later result leaves out stays", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, name: "Garden", is_dm: true, bump_stamp: 5, joined_count: 3 });
  mergeRoom(room, "!a", { joined_count: 4 });
  assert.deepEqual([room.name, room.isDm, room.bumpStamp, room.joinedCount], ["Garden", true, 5, 4]);
});

test("null takes the name away", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, name: "Garden" });
  mergeRoom(room, "!a", { name: null, heroes: [{ user_id: "@bob:x", displayname: "Bob" }], joined_count: 2 });
  assert.equal(room.displayName, "Bob");
});

test("new events follow the known ones, once", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, timeline: [message("$1"), message("$2")], prev_batch: "t1" });
  mergeRoom(room, "!a", { timeline: [message("$2"), message("$3")], prev_batch: "t2" });
  assert.deepEqual(ids(room), ["$1", "$2", "$3"]);
  assert.equal(room.prevBatch, "t1", "history goes on before the oldest event held");
});

test("a gap starts the timeline and the members anew", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, timeline: [message("$1")], required_state: [state("m.room.member", "@bob:x", { displayname: "Bob" })] });
  mergeRoom(room, "!a", { limited: true, timeline: [message("$9")], prev_batch: "t9", required_state: [state("m.room.member", "@eve:x", { displayname: "Eve" })] });
  assert.deepEqual(ids(room), ["$9"]);
  assert.equal(room.prevBatch, "t9");
  assert.deepEqual([room.memberName("@bob:x"), room.memberName("@eve:x")], ["bob", "Eve"]);
});

test("an expanded timeline reaches further back", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, limited: true, timeline: [message("$3")], prev_batch: "t3" });
  mergeRoom(room, "!a", { expanded_timeline: true, timeline: [message("$1"), message("$2"), message("$3")], prev_batch: "t1" });
  assert.deepEqual(ids(room), ["$1", "$2", "$3"]);
  assert.equal(room.prevBatch, "t1");
});

test("a stub without content says that the state is gone", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, required_state: [state("m.room.topic", "", { topic: "Tea" })] });
  mergeRoom(room, "!a", { required_state: [{ type: "m.room.topic", state_key: "" }] });
  assert.equal(room.stateContent("m.room.topic"), undefined);
});

test("an invitation is known by its stripped state, and becomes a room by joining", () => {
  const stripped_state = [state("m.room.name", "", { name: "Club" }), { ...state("m.room.member", ME, { membership: "invite" }), sender: "@bob:x" }];
  const room = mergeRoom(undefined, "!a", { initial: true, membership: "invite", stripped_state });
  assert.deepEqual([room.membership, room.displayName, room.inviter()], ["invite", "Club", "@bob:x"]);
  mergeRoom(room, "!a", { initial: true, membership: "join", name: "Club", timeline: [message("$1")] });
  assert.deepEqual([room.membership, room.stateContent("m.room.name"), ids(room)], ["join", undefined, ["$1"]]);
});

test("a redaction empties the event that it names, in either place of naming", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, timeline: [message("$1"), message("$2")] });
  mergeRoom(room, "!a", { timeline: [{ event_id: "$3", type: "m.room.redaction", redacts: "$1", content: {} }, { event_id: "$4", type: "m.room.redaction", content: { redacts: "$2" } }] });
  assert.deepEqual(room.timeline.slice(0, 2).map((event) => event.content), [{}, {}]);
});

test("history goes before the timeline and does not rename present members", () => {
  const room = mergeRoom(undefined, "!a", { initial: true, limited: true, prev_batch: "t3", timeline: [message("$3")], required_state: [state("m.room.member", "@bob:x", { displayname: "Bob" })] });
  prependHistory(room, { chunk: [message("$3"), message("$2"), message("$1")], state: [state("m.room.member", "@bob:x", { displayname: "Old Bob" })], end: "t1" });
  assert.deepEqual([ids(room), room.prevBatch, room.memberName("@bob:x")], [["$1", "$2", "$3"], "t1", "Bob"]);
});

test("unread is what the other side counts, else what the user's own receipt does not cover", () => {
  const store = new RoomStore(ME);
  store.apply({ rooms: { "!a": { initial: true, timeline: [message("$1"), message("$2")] } }, extensions: {} });
  const room = store.get("!a");
  assert.equal(room.isUnread(ME), false, "nothing is known yet");
  store.apply({ extensions: { receipts: { rooms: { "!a": { type: "m.receipt", content: { $1: { "m.read": { [ME]: { ts: 5 } } } } } } } } });
  assert.equal(room.isUnread(ME), true);
  store.apply({ extensions: { receipts: { rooms: { "!a": { content: { $2: { "m.read.private": { [ME]: { ts: 6 } } } } } } } } });
  assert.equal(room.isUnread(ME), false);
  assert.equal(store.hasCounts, false);
  store.apply({ extensions: { "sash.counts": { rooms: { "!a": { notification_count: 2, highlight_count: 0 } } } } });
  assert.deepEqual([room.isUnread(ME), store.hasCounts], [true, true]);
  const threads = { $t: { notification_count: 1, highlight_count: 1 } };
  store.apply({ extensions: { "sash.counts": { rooms: { "!a": { notification_count: 2, highlight_count: 0, unread_thread_notifications: threads } } } } });
  assert.deepEqual(room.counts, { notification: 3, highlight: 1 });
});

test("typing leaves the user out, and ends", () => {
  const store = new RoomStore(ME);
  store.apply({ rooms: { "!a": { initial: true } }, extensions: { typing: { rooms: { "!a": { user_ids: [ME, "@bob:x"] } } } } });
  assert.deepEqual(store.get("!a").typing, ["@bob:x"]);
  store.apply({ extensions: { typing: { rooms: { "!a": { user_ids: [] } } } } });
  assert.deepEqual(store.get("!a").typing, []);
});

test("malformed state and unknown rooms are passed over", () => {
  const store = new RoomStore(ME);
  const changed = store.apply({ rooms: { "!a": { initial: true, required_state: [{}, { type: "m.room.topic" }, { type: 5, state_key: "" }] } }, extensions: { typing: { rooms: { "!nowhere": { user_ids: [] } } } } });
  assert.deepEqual([...changed], ["!a"]);
});
