// A made-up account behind the final sliding sync API: enough of it for working on the page, no more.
const ME = "@alice:demo";
const PEOPLE = ["Bob Hartmann", "Chidi Okafor", "Dana Lindqvist", "Emil Novák", "Farah Aziz", "Grace Liu", "Hiro Tanaka", "Ines Moreau", "Jonas Weber", "Kaia Larsen", "Liam O'Brien", "Mei Chen"];
const TOPICS = ["Garden", "Release", "Kitchen", "Night shift", "Design", "Book club", "Infrastructure", "Running", "Type systems", "Photography", "Office", "Festival", "Trains", "Chess", "Bread", "Research"];
const KINDS = ["team", "planning", "chat", "support", "announcements", "notes", "lounge", "reviews"];
const SAYINGS = [
  "Shall we move this to tomorrow morning?", "That looks right to me.", "I pushed a fix, have a look when you can.", "The photos from last night are up: https://example.org/album",
  "Can someone bring the long cable?", "Works here after a restart.", "I like the second draft better. The first one tries to say everything at once, and then one remembers nothing of it.", "♥", "On my way, ten minutes.",
  "Who has the key to the storage room?", "Measured it again: 38 ms at the median, 60 at the worst.", "Lunch at twelve?", "The train is late, start without me.", "Good question. I will ask around.", "Done!",
];

const userId = (name) => `@${name.split(" ")[0].toLowerCase()}:demo`;
const pick = (list, n) => list[((n * 2654435761) >>> 8) % list.length];

export class Account {
  rooms = [];
  #connections = new Map();
  #waiting = new Set();
  #clock = 1;
  #stamp = Date.now();
  #txns = new Map();
  #speaker = 0;

  constructor(count) {
    for (let i = 0; i < count; i++) this.rooms.push(this.#makeRoom(i, this.#stamp - i * (60_000 + i * 900)));
  }

  async answer(method, { pathname, searchParams }, body, gone) {
    const path = pathname.replace(/^\/_matrix\/client\/v\d/, "").split("/").slice(1).map(decodeURIComponent);
    if (path[0] === "login") return ok({ user_id: ME, device_id: "DEV", access_token: "token" });
    if (path[0] === "account") return ok({ user_id: ME, device_id: "DEV" });
    if (path[0] === "sync") return this.#sync(body, gone);
    const room = this.rooms.find(({ id }) => id === path[1]);
    if (path[0] === "join") return ok(this.#membership(room, "join"));
    if (path[2] === "leave") return ok(this.#membership(room, "leave"));
    if (path[2] === "messages") return ok(this.#history(room, Number(searchParams.get("from"))));
    if (path[2] === "receipt") return ok(this.#read(room));
    if (path[2] === "send") return ok({ event_id: this.#send(room, path[4], body) });
    return ok({});
  }

  /** Someone says something somewhere, mostly where something was said lately. */
  chatter() {
    const n = ++this.#speaker;
    const candidates = this.#order({}).filter(({ membership, type }) => membership === "join" && !type);
    const room = candidates[n % 5 === 0 ? (n * 7919) % candidates.length : n % Math.min(4, candidates.length)];
    room.typing = [];
    room.unread++;
    this.#append(room, userId(pick(room.people, n)), "m.room.message", { msgtype: "m.text", body: pick(SAYINGS, n * 31) });
    if (n % 3 === 0) candidates[0].typing = [userId(candidates[0].people[0])];
    this.#touch(candidates[0]);
  }

  #makeRoom(i, ts) {
    const isDm = i % 4 === 1;
    const people = isDm ? [pick(PEOPLE, i)] : [0, 1, 2, 3].map((k) => pick(PEOPLE, i * 5 + k));
    const type = i % 90 === 8 ? "m.space" : undefined;
    const room = {
      id: `!r${i}:demo`, isDm, people, type, encrypted: i % 11 === 6, membership: i % 170 === 4 ? "invite" : "join",
      name: isDm ? undefined : type ? `${pick(TOPICS, i)} space` : `${pick(TOPICS, i)} ${pick(KINDS, i * 3)}${i > 120 ? ` ${i}` : ""}`,
      children: type ? Array.from({ length: 12 }, (_, k) => `!r${i + k * 7 + 1}:demo`) : [],
      unread: i % 6 === 2 ? (i % 9) + 1 : 0, typing: [], timeline: [], version: 1, stamp: ts, activity: ts,
    };
    for (let k = 0; k < 5 + (i % 40 === 0 ? 120 : 0); k++) room.timeline.unshift(this.#makeEvent(room, i, k, ts - k * 170_000));
    return room;
  }

  #makeEvent(room, i, k, ts) {
    const sender = (i + k) % 5 === 3 ? ME : userId(pick(room.people, i + (k >> 1)));
    const event = { event_id: `$${i}-${k}`, sender, type: room.encrypted ? "m.room.encrypted" : "m.room.message", origin_server_ts: ts, content: { msgtype: "m.text", body: pick(SAYINGS, i * 3 + k * 7) } };
    if (k % 19 === 11) return { ...event, type: "m.room.member", state_key: sender, content: { membership: "join", displayname: PEOPLE.find((name) => userId(name) === sender) } };
    if (k === 2 && i % 3 === 0) return { ...event, type: "m.reaction", content: { "m.relates_to": { rel_type: "m.annotation", event_id: `$${i}-3`, key: "✓" } } };
    if (k === 1 && i % 4 === 0) event.content["m.relates_to"] = { "m.in_reply_to": { event_id: `$${i}-3` } };
    return event;
  }

  #append(room, sender, type, content, unsigned) {
    const event = { event_id: `$live-${++this.#clock}`, sender, type, origin_server_ts: Date.now(), content, ...(unsigned && { unsigned }) };
    room.timeline.push(event);
    room.activity = room.stamp = this.#stamp = Math.max(this.#stamp + 1, Date.now());
    this.#touch(room);
    return event.event_id;
  }

  #send(room, txnId, content) {
    if (!this.#txns.has(txnId)) this.#txns.set(txnId, this.#append(room, ME, "m.room.message", content, { transaction_id: txnId }));
    return this.#txns.get(txnId);
  }

  #membership(room, membership) {
    room.membership = membership;
    this.#append(room, ME, "m.room.member", { membership });
    room.timeline.at(-1).state_key = ME;
    return { room_id: room.id };
  }

  #read(room) {
    room.unread = 0;
    this.#touch(room);
    return {};
  }

  #history(room, before) {
    const start = Math.max(0, before - 30);
    return { chunk: room.timeline.slice(start, before).reverse(), ...(start > 0 && { end: String(start) }) };
  }

  #touch(room) {
    room.version = ++this.#clock;
    for (const wake of this.#waiting) wake();
  }

  #order(filters) {
    return this.rooms.filter((room) => matches(room, filters, this.rooms)).sort((a, b) => b.activity - a.activity);
  }

  async #sync(request, gone) {
    const connection = this.#connection(request);
    if (!connection) return { status: 400, body: { errcode: "M_UNKNOWN_POS", error: "unknown pos" } };
    let left = false;
    gone.then(() => (left = true));
    const deadline = Date.now() + (request.pos ? (request.timeout ?? 0) : 0);
    for (;;) {
      const body = this.#respond(request, connection);
      if (left || Date.now() >= deadline || Object.keys(body.rooms).length || Object.keys(body.extensions.typing.rooms).length) return ok(body);
      await new Promise((resolve) => {
        const wake = () => (this.#waiting.delete(wake), resolve());
        this.#waiting.add(wake);
        gone.then(wake);
        setTimeout(wake, deadline - Date.now());
      });
    }
  }

  /** What was sent as of `pos`: a copy, because the same `pos` may come again. */
  #connection({ conn_id: id, pos }) {
    if (!pos) return { sent: new Map(), typing: new Map() };
    const kept = this.#connections.get(`${id} ${pos}`);
    return kept && { sent: new Map(kept.sent), typing: new Map(kept.typing) };
  }

  #respond(request, connection) {
    const lists = {};
    const wanted = new Map();
    for (const [key, list] of Object.entries(request.lists ?? {})) {
      const order = this.#order(list.filters ?? {});
      lists[key] = { count: order.length };
      const [start, end] = list.range ?? [0, order.length];
      for (const room of order.slice(start, end + 1)) wanted.set(room, { limit: Math.max(list.timeline_limit, wanted.get(room)?.limit ?? 0), lists: [...(wanted.get(room)?.lists ?? []), key] });
    }
    for (const [id, { timeline_limit: limit }] of Object.entries(request.room_subscriptions ?? {})) {
      const room = this.rooms.find((room) => room.id === id);
      if (room) wanted.set(room, { lists: wanted.get(room)?.lists, limit });
    }
    const rooms = {};
    const counts = {};
    for (const [room, { limit, lists }] of wanted) {
      const sent = connection.sent.get(room.id);
      if (sent && sent.version === room.version && sent.limit >= limit) continue;
      rooms[room.id] = result(room, sent, limit, lists);
      counts[room.id] = { notification_count: room.unread, highlight_count: room.unread > 7 ? 1 : 0 };
      connection.sent.set(room.id, { version: room.version, limit: Math.max(limit, sent?.limit ?? 0), length: room.timeline.length, membership: room.membership });
    }
    const typing = {};
    for (const id of Object.keys(request.room_subscriptions ?? {})) {
      const now = this.rooms.find((room) => room.id === id)?.typing ?? [];
      if ((connection.typing.get(id) ?? "") === now.join()) continue;
      connection.typing.set(id, now.join());
      typing[id] = { user_ids: now };
    }
    const pos = `p${++this.#clock}`;
    this.#connections.set(`${request.conn_id} ${pos}`, connection);
    return { pos, lists, rooms, extensions: { typing: { rooms: typing }, receipts: { rooms: {} }, "sash.counts": { rooms: counts } } };
  }
}

const children = new Map();

/** Spaces here never change, so that their children are looked up once. */
function childrenOf(spaces, rooms) {
  const key = spaces.join();
  if (!children.has(key)) children.set(key, new Set(rooms.filter(({ id }) => spaces.includes(id)).flatMap((space) => space.children)));
  return children.get(key);
}

const ok = (body) => ({ status: 200, body });

function matches(room, filters, rooms) {
  if (room.membership === "leave") return false;
  if ("is_dm" in filters && room.isDm !== filters.is_dm) return false;
  if ("is_invited" in filters && (room.membership === "invite") !== filters.is_invited) return false;
  if (filters.room_types && !filters.room_types.includes(room.type ?? null)) return false;
  if (filters.not_room_types?.includes(room.type ?? null)) return false;
  if (filters["sash.unread"] && room.unread === 0 && room.membership !== "invite") return false;
  return !filters.spaces || childrenOf(filters.spaces, rooms).has(room.id);
}

function result(room, sent, limit, lists) {
  const base = { membership: room.membership, bump_stamp: room.stamp, ...(lists && { lists }) };
  const initial = !sent || sent.membership !== room.membership;
  if (room.membership === "invite") return { ...base, initial: true, is_dm: room.isDm, stripped_state: strippedState(room) };
  const state = [stateEvent("m.room.create", "", room.type ? { type: room.type } : {}), ...members(room)];
  if (room.encrypted) state.push(stateEvent("m.room.encryption", "", { algorithm: "m.megolm.v1.aes-sha2" }));
  state.push(stateEvent("m.room.topic", "", { topic: "Everything that does not fit elsewhere" }));
  for (const child of room.children) state.push(stateEvent("m.space.child", child, { via: ["demo"] }));
  const heroes = room.name ? undefined : room.people.map((name) => ({ user_id: userId(name), displayname: name }));
  const whole = { ...base, is_dm: room.isDm, name: room.name ?? null, heroes, joined_count: room.people.length + 1, invited_count: 0, required_state: state };
  if (!initial && limit <= sent.limit) return { ...base, timeline: room.timeline.slice(sent.length), num_live: room.timeline.length - sent.length };
  const timeline = room.timeline.slice(-limit);
  const before = room.timeline.length - timeline.length;
  return { ...whole, ...(initial ? { initial: true } : { expanded_timeline: true }), timeline, limited: before > 0, ...(before > 0 && { prev_batch: String(before) }) };
}

const stateEvent = (type, key, content, sender = ME) => ({ type, state_key: key, sender, content });
const members = (room) => room.people.map((name) => stateEvent("m.room.member", userId(name), { membership: "join", displayname: name }));
const strippedState = (room) => [
  stateEvent("m.room.create", "", room.type ? { type: room.type } : {}),
  ...(room.name ? [stateEvent("m.room.name", "", { name: room.name })] : []),
  stateEvent("m.room.member", ME, { membership: "invite" }, userId(room.people[0])),
  stateEvent("m.room.member", userId(room.people[0]), { membership: "join", displayname: room.people[0] }),
];
