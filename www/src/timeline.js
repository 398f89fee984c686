// From raw events to what a timeline shows: edits and reactions folded into their targets, messages of one sender
// grouped, days apart, and the user's own messages that are still under way. Pure.
import { describe } from "./events.js";
import { sameDay } from "./format.js";

/** Messages of one sender within this time stand together. */
const GROUP_MS = 5 * 60_000;

/**
 * @typedef {{ txnId: string, body: string, ts: number, eventId?: string, failed?: boolean }} Pending
 * @typedef {object} Item
 * @property {"day" | "state" | "message"} kind
 * @property {string} key stable across updates
 * @property {number} ts
 * @property {any} [event]
 * @property {import("./events.js").Description} [description]
 * @property {boolean} [first] opens a group of messages of one sender
 * @property {boolean} [edited]
 * @property {Map<string, Set<string>>} [reactions] key → senders
 * @property {{ sender: string, text: string }} [reply]
 * @property {"sending" | "failed"} [status]
 */

/**
 * @param {import("./rooms.js").Room} room
 * @param {Pending[]} pending
 * @param {string} me
 * @returns {Item[]}
 */
export function assemble(room, pending, me) {
  const nameOf = (userId) => room.memberName(userId);
  const { edits, reactions, relating } = foldRelations(room.timeline);
  const byId = new Map(room.timeline.map((event) => [event.event_id, event]));
  const items = [];
  for (const event of room.timeline) {
    if (relating.has(event.event_id)) continue;
    const edit = edits.get(event.event_id);
    const shown = edit ? { ...event, content: { ...event.content, ...edit.content["m.new_content"] } } : event;
    const description = describe(shown, nameOf);
    if (description.kind === "hidden") continue;
    pushItem(items, {
      kind: description.kind === "state" ? "state" : "message",
      key: event.event_id,
      ts: event.origin_server_ts,
      event: shown,
      description,
      edited: Boolean(edit),
      reactions: reactions.get(event.event_id),
      reply: quote(byId, event, nameOf),
    });
  }
  for (const echo of stillPending(pending, room.timeline)) pushItem(items, echoItem(echo, me));
  return items;
}

/** The echoes whose event has not come back from the homeserver yet. */
export function stillPending(pending, timeline) {
  const arrived = new Set();
  for (const event of timeline) {
    arrived.add(event.event_id);
    if (event.unsigned?.transaction_id) arrived.add(event.unsigned.transaction_id);
  }
  return pending.filter((echo) => !arrived.has(echo.txnId) && !(echo.eventId && arrived.has(echo.eventId)));
}

function foldRelations(timeline) {
  const senders = new Map(timeline.map((event) => [event.event_id, event.sender]));
  const edits = new Map();
  const reactions = new Map();
  const relating = new Set();
  for (const event of timeline) {
    const relation = event.content?.["m.relates_to"];
    if (relation?.rel_type === "m.replace") {
      relating.add(event.event_id);
      // Only the sender may edit a message.
      if (senders.get(relation.event_id) === event.sender && event.content["m.new_content"]) edits.set(relation.event_id, event);
    } else if (event.type === "m.reaction") {
      relating.add(event.event_id);
      if (relation?.event_id && typeof relation.key === "string") addReaction(reactions, relation, event.sender);
    }
  }
  return { edits, reactions, relating };
}

function addReaction(reactions, { event_id, key }, sender) {
  const onEvent = reactions.get(event_id) ?? new Map();
  reactions.set(event_id, onEvent.set(key, (onEvent.get(key) ?? new Set()).add(sender)));
}

function quote(byId, event, nameOf) {
  const target = byId.get(event.content?.["m.relates_to"]?.["m.in_reply_to"]?.event_id);
  return target && { sender: nameOf(target.sender), text: describe(target, nameOf).text };
}

function echoItem(echo, me) {
  const event = { sender: me, type: "m.room.message", content: { body: echo.body } };
  const description = { kind: /** @type {const} */ ("message"), text: echo.body };
  return { kind: "message", key: echo.txnId, ts: echo.ts, event, description, status: echo.failed ? "failed" : "sending" };
}

function pushItem(items, item) {
  const previous = items.at(-1);
  const newDay = !previous || !sameDay(previous.ts, item.ts);
  if (newDay) items.push({ kind: "day", key: `day-${item.key}`, ts: item.ts });
  const continues = !newDay && previous.kind === "message" && previous.event.sender === item.event.sender && item.ts - previous.ts < GROUP_MS;
  items.push({ ...item, first: item.kind === "message" && !continues });
}
