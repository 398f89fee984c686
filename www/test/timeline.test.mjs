import assert from "node:assert/strict";
import { test } from "node:test";
import { preview, withoutReplyFallback } from "../src/events.js";
import { mergeRoom } from "../src/rooms.js";
import { assemble, stillPending } from "../src/timeline.js";

const ME = "@me:x";
const NOON = Date.UTC(2026, 0, 5, 12);
const message = (id, body, extra = {}) => ({ event_id: id, type: "m.room.message", sender: "@bob:x", origin_server_ts: NOON, content: { msgtype: "m.text", body }, ...extra });
const related = (id, relation, content = {}, sender = "@bob:x", type = "m.room.message") => ({ event_id: id, type, sender, origin_server_ts: NOON, content: { ...content, "m.relates_to": relation } });
const roomWith = (timeline) => mergeRoom(undefined, "!a", { initial: true, joined_count: 3, timeline });
const messages = (timeline, pending = []) => assemble(roomWith(timeline), pending, ME).filter((item) => item.kind === "message");
const edit = (target, body, sender) => related("$edit", { rel_type: "m.replace", event_id: target }, { body: `* ${body}`, "m.new_content": { body, msgtype: "m.text" } }, sender);

test("an edit by the sender replaces the text; by anyone else it does nothing", () => {
  assert.deepEqual(messages([message("$1", "helo"), edit("$1", "hello")]).map((item) => [item.description.text, item.edited]), [["hello", true]]);
  assert.deepEqual(messages([message("$1", "helo"), edit("$1", "bad", "@eve:x")]).map((item) => [item.description.text, item.edited]), [["helo", false]]);
});

test("reactions gather at their message, one per person and key", () => {
  const react = (id, sender, key) => related(id, { rel_type: "m.annotation", event_id: "$1", key }, {}, sender, "m.reaction");
  const [item, ...rest] = messages([message("$1", "tea?"), react("$2", "@a:x", "+"), react("$3", "@b:x", "+"), react("$4", "@a:x", "+"), react("$5", "@a:x", "-")]);
  assert.equal(rest.length, 0);
  assert.deepEqual([...item.reactions].map(([key, senders]) => [key, senders.size]), [["+", 2], ["-", 1]]);
});

test("messages of one sender stand together until time, day or someone else comes between", () => {
  const at = (id, minutes, sender = "@bob:x") => message(id, id, { origin_server_ts: NOON + minutes * 60_000, sender });
  const items = messages([at("$1", 0), at("$2", 1), at("$3", 20), at("$4", 21, "@eve:x"), at("$5", 2 * 24 * 60, "@eve:x")]);
  assert.deepEqual(items.map((item) => item.first), [true, false, true, true, true]);
});

test("an own message is shown at once and makes way for its event", () => {
  const echo = { txnId: "t1", body: "hi", ts: NOON };
  assert.deepEqual(messages([message("$1", "a")], [echo]).map((item) => [item.description.text, item.status]), [["a", undefined], ["hi", "sending"]]);
  assert.deepEqual(stillPending([echo], [message("$2", "hi", { unsigned: { transaction_id: "t1" } })]), []);
  assert.deepEqual(stillPending([{ ...echo, eventId: "$2" }], [message("$2", "hi")]), []);
  assert.deepEqual(messages([], [{ ...echo, failed: true }]).map((item) => item.status), ["failed"]);
});

test("a reply quotes its target, without the quotation in its own text", () => {
  const reply = related("$2", { "m.in_reply_to": { event_id: "$1" } }, { msgtype: "m.text", body: "> <@bob:x> tea?\n\nyes" });
  const item = messages([message("$1", "tea?"), reply]).at(-1);
  assert.deepEqual([item.reply, item.description.text], [{ sender: "bob", text: "tea?" }, "yes"]);
  assert.equal(withoutReplyFallback("> not a fallback"), "");
  assert.equal(withoutReplyFallback("a\n> b"), "a\n> b");
});

test("what cannot be read is named, and what says nothing is left out", () => {
  const encrypted = { event_id: "$1", type: "m.room.encrypted", sender: "@bob:x", origin_server_ts: NOON, content: {} };
  const deleted = message("$2", "", { unsigned: { redacted_because: {} } });
  const unknown = { event_id: "$3", type: "org.example.ping", sender: "@bob:x", origin_server_ts: NOON, content: {} };
  assert.deepEqual(messages([encrypted, deleted, unknown]).map((item) => item.description.text), ["Encrypted message", "Message deleted"]);
});

test("membership reads as what happened", () => {
  const member = (content, extra = {}) => ({ event_id: "$1", type: "m.room.member", sender: "@bob:x", state_key: "@bob:x", origin_server_ts: NOON, content, ...extra });
  const text = (event) => assemble(roomWith([event]), [], ME).find((item) => item.kind === "state")?.description.text;
  assert.equal(text(member({ membership: "join" })), "joined");
  assert.equal(text(member({ membership: "leave" })), "left");
  assert.equal(text(member({ membership: "leave" }, { unsigned: { prev_content: { membership: "invite" } } })), "declined the invitation");
  assert.equal(text(member({ membership: "ban" }, { state_key: "@eve:x" })), "banned eve");
  assert.equal(text(member({ membership: "join", displayname: "B" }, { unsigned: { prev_content: { membership: "join", displayname: "A" } } })), "is now called B");
  assert.equal(text(member({ membership: "join" }, { unsigned: { prev_content: { membership: "join" } } })), undefined);
});

test("the preview is the last thing said, by whom", () => {
  const reaction = related("$2", { rel_type: "m.annotation", event_id: "$1", key: "+" }, {}, "@eve:x", "m.reaction");
  assert.equal(preview(roomWith([message("$1", "tea?"), reaction]), ME).text, "bob: tea?");
  assert.equal(preview(roomWith([message("$1", "tea?", { sender: ME })]), ME).text, "You: tea?");
  assert.equal(preview(roomWith([message("$1", "helo"), edit("$1", "hello")]), ME).text, "bob: hello");
  assert.equal(preview(roomWith([reaction]), ME).text, "eve reacted with +");
  assert.equal(preview(roomWith([{ ...reaction, type: "m.room.redaction" }]), ME).text, "eve deleted a message");
  assert.equal(preview(roomWith([]), ME).text, "");
});
