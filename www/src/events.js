// What events say, in words. Pure.
import { localpart } from "./format.js";

const STATE_NOTICES = {
  "m.room.create": () => "created this room",
  "m.room.name": (content) => (content.name ? `named the room “${content.name}”` : "removed the room's name"),
  "m.room.topic": () => "changed the topic",
  "m.room.avatar": () => "changed the room's picture",
  "m.room.encryption": () => "turned on encryption",
  "m.room.tombstone": () => "closed this room: it goes on elsewhere",
  "m.room.pinned_events": () => "changed the pinned messages",
};

const MEDIA = { "m.image": "a picture", "m.video": "a video", "m.audio": "a recording", "m.file": "a file", "m.location": "a place" };

/** @typedef {{ kind: "message" | "emote" | "notice" | "placeholder" | "state" | "hidden", text: string }} Description */

/**
 * @param {any} event
 * @param {(userId: string) => string} nameOf
 * @returns {Description}
 */
export function describe(event, nameOf) {
  const content = event.content ?? {};
  if (event.unsigned?.redacted_because) {
    return event.state_key === undefined && isMessageLike(event.type) ? placeholder("Message deleted") : hidden;
  }
  switch (event.type) {
    case "m.room.message":
      return describeMessage(content);
    case "m.room.encrypted":
      return placeholder("Encrypted message");
    case "m.sticker":
      return placeholder(`Sticker: ${content.body ?? ""}`);
    case "m.poll.start":
    case "org.matrix.msc3381.poll.start":
      return placeholder("A poll");
    case "m.call.invite":
      return { kind: "state", text: "started a call" };
    case "m.room.member":
      if (event.state_key === undefined) return hidden;
      return describeMembership(event, nameOf);
    default: {
      const notice = event.state_key !== undefined && STATE_NOTICES[event.type];
      return notice ? { kind: "state", text: notice(content) } : hidden;
    }
  }
}

/** The line under a room's name in the list. */
export function preview(room, me) {
  const nameOf = (userId) => room.memberName(userId);
  for (let i = room.timeline.length - 1; i >= 0; i--) {
    const event = room.timeline[i];
    const relation = event.content?.["m.relates_to"]?.rel_type;
    const { kind, text } = describe(relation === "m.replace" ? edited(event) : event, nameOf);
    if (kind === "hidden") continue;
    const sender = event.sender === me ? "You" : nameOf(event.sender);
    if (kind === "state" || kind === "emote") return { text: `${sender} ${text}`, ts: event.origin_server_ts, quiet: kind === "state" };
    return { text: room.isDm && event.sender !== me ? text : `${sender}: ${text}`, ts: event.origin_server_ts, quiet: kind === "placeholder" };
  }
  const last = room.timeline.at(-1);
  return { text: last ? aside(last, last.sender === me ? "You" : nameOf(last.sender)) : "", ts: last?.origin_server_ts, quiet: true };
}

/** What to say of an event that has no line of its own in a timeline, where it is all there is. */
function aside(event, sender) {
  const key = event.content?.["m.relates_to"]?.key;
  if (event.type === "m.reaction" && typeof key === "string") return `${sender} reacted with ${key}`;
  return event.type === "m.room.redaction" ? `${sender} deleted a message` : "";
}

/** Removes the quotation that older clients put before a reply. */
export function withoutReplyFallback(body) {
  const lines = body.split("\n");
  let i = 0;
  while (lines[i]?.startsWith("> ")) i++;
  return i > 0 ? lines.slice(lines[i] === "" ? i + 1 : i).join("\n") : body;
}

/** @returns {Description} */
function describeMessage(content) {
  const body = typeof content.body === "string" ? content.body : "";
  if (MEDIA[content.msgtype]) return placeholder(`${body || "Sent"} · ${MEDIA[content.msgtype]}`);
  const reply = content["m.relates_to"]?.["m.in_reply_to"];
  const text = reply ? withoutReplyFallback(body) : body;
  return { kind: content.msgtype === "m.emote" ? "emote" : content.msgtype === "m.notice" ? "notice" : "message", text };
}

/** @returns {Description} */
function describeMembership(event, nameOf) {
  const { membership, displayname } = event.content ?? {};
  const before = event.unsigned?.prev_content ?? {};
  const self = event.state_key === event.sender;
  const target = displayname || nameOf(event.state_key) || localpart(event.state_key);
  /** @returns {Description} */
  const state = (text) => ({ kind: "state", text });
  switch (membership) {
    case "join":
      if (before.membership !== "join") return state("joined");
      if (before.displayname !== displayname) return state(`is now called ${displayname || localpart(event.state_key)}`);
      return before.avatar_url !== event.content.avatar_url ? state("changed their picture") : hidden;
    case "invite":
      return state(`invited ${target}`);
    case "knock":
      return state("asks to join");
    case "ban":
      return state(`banned ${target}`);
    case "leave":
      if (self) return state(before.membership === "invite" ? "declined the invitation" : "left");
      return state(before.membership === "ban" ? `lifted the ban on ${target}` : `removed ${target}`);
    default:
      return hidden;
  }
}

const edited = (event) => ({ ...event, content: event.content["m.new_content"] ?? event.content });
const isMessageLike = (type) => type === "m.room.message" || type === "m.room.encrypted" || type === "m.sticker";
/** @returns {Description} */
const placeholder = (text) => ({ kind: "placeholder", text });
/** @type {Description} */
const hidden = { kind: "hidden", text: "" };
