// What has happened on a connection that explains how the two sides differ now: they are compared after each step, but what a client has assembled
// is as old as the connection.
import { canonical } from './compare.mjs';

const SIDES = ['sash', 'synapse'];
const LAZY = '$LAZY';

/** Sets and maps of room ids. What begins anew on either side has no past. */
export class Memory {
  /** Shown by a list on one side and not on the other at some time. */
  diverged = new Set();
  /** Begun anew by Synapse alone, and by Sash alone. */
  restarted = new Set();
  begun = new Set();
  /** By room, the sides that gave a limited timeline where the other did not. */
  flushed = new Map();
  /** Sent by one side alone while the timeline limit was 0. */
  stale = new Set();
  /** Whose stamp was last told when somebody ignored, a poll, or something from before the join was the last to move it on one side. */
  unheard = new Set();
  polled = new Set();
  entered = new Set();
  /** In view with a timeline limit of 0 at some time. */
  cut = new Set();
  /** Sent before their members were wanted lazily, and sent before other state was wanted of them. */
  lazily = new Set();
  reconfigured = new Set();
  /** Whose account data changed while the extension covered no room at all. */
  missed = new Set();
  /** By extension, out of its scope at some time: since they were sent, or until both said the same of who types. */
  late = { receipts: new Set(), typing: new Set() };
  /** Receipts, as `room key` where the key is that of the client model, that Synapse told without the thread that Sash named. */
  unthreaded = new Set();
  /** Receipts, as `room key time`, that Synapse did not tell with the timeline that it expanded then. */
  lost = new Set();
  /** By room, what Sash had told when Alice was in it. */
  whenIn = new Map();

  #wanted = new Map();

  /** Takes in what is to be known before this step is compared. */
  see({ sash, synapse }, request, world) {
    this.#seeLists(sash, synapse);
    for (const id of inView(sash, request, world)) {
      const [before, now] = [this.#wanted.get(id), wantedState(sash, request, world, id)];
      if (before === undefined || before === now) continue;
      this.reconfigured.add(id);
      if (now.includes(LAZY) && !before.includes(LAZY)) this.lazily.add(id);
    }
    for (const [id, receipts] of Object.entries(sash.receipts)) this.#seeReceipts(id, receipts, synapse);
    const { lists, rooms } = request.extensions?.account_data ?? {};
    if (lists?.length === 0 && rooms?.length === 0) for (const { id, dataChangedAt } of world.rooms.values()) if (dataChangedAt === world.step) this.missed.add(id);
  }

  /** Takes in this step when it has been compared. */
  note({ sash, synapse }, request, world) {
    for (const id of new Set([...sash.said.keys(), ...synapse.said.keys()])) this.#noteAnswers(world.byId(id), sash, synapse, request);
    this.#seeLists(sash, synapse);
    for (const id of inView(sash, request, world)) if (limitOf(sash, request, world, id) === 0) this.cut.add(id);
    for (const id of inView(sash, request, world)) this.#wanted.set(id, wantedState(sash, request, world, id));
    const covers = (name) => covered(request.extensions?.[name], { request, synapse, world });
    for (const id of sash.rooms.keys()) if (!covers('receipts').has(id)) this.late.receipts.add(id);
    for (const { id } of world.rooms.values()) {
      const agree = canonical(sash.typing[id] ?? []) === canonical(synapse.typing[id] ?? []);
      if (!covers('typing').has(id)) this.late.typing.add(id);
      else if (agree) this.late.typing.delete(id);
    }
    for (const { id } of world.roomsWhere('alice', 'join')) {
      this.whenIn.set(id, structuredClone({ receipts: sash.receipts[id] ?? {}, typing: sash.typing[id] ?? [] }));
    }
  }

  #seeLists(sash, synapse) {
    for (const [name, { windows }] of Object.entries(sash.lists)) {
      const holds = (list) => new Set(list?.flatMap(({ rooms }) => rooms));
      const [ours, theirs] = [holds(windows), holds(synapse.lists[name]?.windows)];
      for (const id of new Set([...ours, ...theirs])) if (ours.has(id) !== theirs.has(id)) this.diverged.add(id);
    }
  }

  #seeReceipts(id, ours, synapse) {
    const theirs = synapse.receipts[id] ?? {};
    for (const [key, { event, ts }] of Object.entries(theirs)) {
      const whose = key.replace(/ in .*/, ' in ');
      const isThat = ([other, receipt]) => other.startsWith(whose) && receipt.thread_id !== undefined && receipt.event === event && receipt.ts === ts;
      if (key.endsWith(' in no thread') && Object.entries(ours).some(isThat)) this.unthreaded.add(`${id} ${key}`);
    }
    if (!synapse.said.get(id)?.some(({ expanded }) => expanded)) return;
    for (const [key, { ts }] of Object.entries(ours)) if (theirs[key]?.ts !== ts) this.lost.add(`${id} ${key} ${ts}`);
  }

  #noteAnswers({ id, unheard, polled, entered }, sash, synapse, request) {
    const any = (client, field) => client.said.get(id)?.some((answer) => answer[field]) === true;
    const [here, there] = [any(sash, 'initial'), any(synapse, 'initial')];
    if (here || there) for (const rooms of [this.diverged, this.restarted, this.begun, this.flushed, this.cut, this.lazily, this.reconfigured, this.late.receipts]) rooms.delete(id);
    if (here && !there) this.begun.add(id);
    if (there && !here) this.restarted.add(id);
    const limited = { sash: any(sash, 'limited'), synapse: any(synapse, 'limited') };
    for (const side of SIDES) {
      if (limited[side] && limited.sash !== limited.synapse) this.flushed.set(id, (this.flushed.get(id) ?? new Set()).add(side));
    }
    const both = sash.said.has(id) && synapse.said.has(id);
    for (const [rooms, is] of [[this.stale, !both && hasNoTimeline(request)], [this.unheard, unheard], [this.polled, polled], [this.entered, entered]]) {
      if (is) rooms.add(id);
      else if (both) rooms.delete(id);
    }
  }

}

/** Whether some list wants no timeline. */
export const hasNoTimeline = ({ lists = {} }) => Object.values(lists).some(({ timeline_limit: limit }) => limit === 0);

/** The rooms in windows and those with a subscription. */
const inView = (client, { room_subscriptions: rooms = {} }, world) => new Set([...client.inWindows(), ...Object.keys(rooms).map((nick) => world.room(nick).id)]);

/** The lists that show a room, and its subscription. */
function rulesOf(client, { lists = {}, room_subscriptions: rooms = {} }, world, id) {
  const shows = (name) => client.lists[name]?.windows.some((window) => window.rooms.includes(id));
  return [...Object.keys(lists).filter(shows).map((name) => lists[name]), rooms[world.nick(id)]].filter(Boolean);
}

const limitOf = (...where) => Math.max(...rulesOf(...where).map(({ timeline_limit: limit }) => limit));

/** The state that is wanted of a room, as text. */
const wantedState = (...where) => [...new Set(rulesOf(...where).flatMap(({ required_state: state }) => state.map((pair) => pair.join(' '))))].sort().join();

/** The rooms that an extension covers: on this wire `rooms` names those in windows as well. */
function covered(extension = { lists: [], rooms: [] }, { request, synapse, world }) {
  const { lists = Object.keys(synapse.lists), rooms } = extension;
  const listed = lists.flatMap((name) => synapse.lists[name]?.windows ?? []).flatMap((window) => window.rooms);
  const view = inView(synapse, request, world);
  const named = rooms === undefined ? [...view] : rooms.map((nick) => world.room(nick).id).filter((id) => view.has(id));
  return new Set([...listed, ...named]);
}
