// Two clients field by field. What must differ (positions, tokens, ages, stamps) is left out or brought to what it means: an order instead of its
// numbers, the event that a token leads to instead of the token.

/** What says nothing of the room, is one device's own, or Synapse's own and in no specification. */
const UNSIGNED_ALIKE = new Set(['age', 'transaction_id', 'redacted_by']);
/** What Synapse adds to each device's copy of a message. */
const MESSAGE_ID = 'org.matrix.msgid';

/** One comparison: how many fields it looked at, and what differed. */
export class Comparison {
  fields = 0;
  /** `{ path, sash, synapse, room, ... }`; `room` is the room's id where it is of a room. */
  differences = [];

  /** `known` names rooms by their id; `subscribed` are the ids of those with a subscription. */
  constructor({ user, known, subscribed }) {
    this.user = user;
    this.known = known;
    this.subscribed = subscribed;
  }

  /** Compares two values of JSON; objects by their keys, everything else as a whole. */
  value(path, sash, synapse, more = {}) {
    if (isObject(sash) && isObject(synapse)) {
      for (const key of new Set([...Object.keys(sash), ...Object.keys(synapse)])) this.value(`${path}.${key}`, sash[key], synapse[key], more);
      return;
    }
    this.fields += 1;
    if (!same(sash, synapse)) this.differences.push({ path, sash, synapse, ...more });
  }

  clients(sash, synapse) {
    this.lists(sash, synapse);
    this.rooms(sash, synapse);
    this.extensions(sash, synapse);
  }

  lists(sash, synapse) {
    for (const name of new Set([...Object.keys(sash.lists), ...Object.keys(synapse.lists)])) {
      const [ours, theirs] = [sash.lists[name], synapse.lists[name]];
      const more = { list: name, ours, theirs };
      this.value(`lists.${name}.count`, ours?.count, theirs?.count, more);
      const ranges = (list) => list?.windows.map(({ range }) => range);
      this.value(`lists.${name}.ranges`, ranges(ours), ranges(theirs), more);
      (ours?.windows ?? []).forEach(({ range, rooms }, index) => {
        const there = theirs?.windows[index]?.rooms ?? [];
        // Synapse does not sort a window that holds the whole list.
        const whole = ours.windows.length === 1 && range[0] === 0 && range[1] >= (theirs?.count ?? 0) - 1;
        const order = (ids) => (whole ? [...ids].sort() : ids).map(this.known);
        this.value(`lists.${name}.windows[${index}]`, order(rooms), order(there), { ...more, whole, rooms, there });
      });
    }
  }

  /** What a client has of a room that it is not shown is not kept up, so only rooms that both show are compared. */
  rooms(sash, synapse) {
    const stamped = [];
    for (const id of new Set([...sash.rooms.keys(), ...synapse.rooms.keys()])) {
      if (!this.#inView(sash.shown, synapse.shown, id)) continue;
      const [a, b] = [sash.rooms.get(id), synapse.rooms.get(id)];
      const more = { room: id, ours: a, theirs: b, said: { sash: sash.said.get(id), synapse: synapse.said.get(id) } };
      this.value(`rooms.${this.known(id)}.known`, a !== undefined, b !== undefined, more);
      if (!a || !b) continue;
      this.room(`rooms.${this.known(id)}`, a, b, more);
      this.said(`rooms.${this.known(id)}.answer`, more);
      const comparable = a.bumpStamp !== undefined && b.bumpStamp !== undefined && this.#inView(sash.inWindows(), synapse.inWindows(), id);
      if (comparable) stamped.push({ id, sash: a.bumpStamp, synapse: b.bumpStamp });
    }
    this.stamps(stamped);
  }

  #inView(ours, theirs, id) {
    return this.subscribed.has(id) || (ours.has(id) && theirs.has(id));
  }

  room(path, a, b, more) {
    this.value(`${path}.membership`, a.membership(this.user), b.membership(this.user), more);
    for (const field of ['name', 'avatar', 'isDm', 'joinedCount', 'invitedCount', 'notificationCount', 'highlightCount']) {
      this.value(`${path}.${field}`, a[field], b[field], more);
    }
    // Of timelines that begin with different events this is another question.
    if (a.timeline.length > 0 && a.timeline[0].event_id === b.timeline[0]?.event_id) this.value(`${path}.hasEarlier`, a.hasEarlier, b.hasEarlier, more);
    // Nobody looks at the heroes of a room that has a name.
    const heroes = (room) => (room.name ? undefined : room.heroes);
    this.value(`${path}.heroes`, heroes(a), heroes(b), more);
    this.state(`${path}.inviteState`, a.inviteState, b.inviteState, more);
    this.state(`${path}.state`, a.state, b.state, more);
    this.timeline(`${path}.timeline`, a.timeline, b.timeline, more);
  }

  state(path, ours = new Map(), theirs = new Map(), more) {
    for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
      const [a, b] = [ours.get(key), theirs.get(key)];
      if (a && b) this.event(`${path}[${key}]`, a, b, more);
      else this.value(`${path}[${key}]`, a && outline(a), b && outline(b), { ...more, key, event: a ?? b, events: { sash: a, synapse: b } });
    }
  }

  timeline(path, ours, theirs, more) {
    // Either client may have heard that an event was redacted where the other was given it redacted.
    const redacted = new Set(ids([...ours, ...theirs].filter((event) => event.redactedHere)));
    const words = (event) => outline(redacted.has(event.event_id) ? { ...event, content: {} } : event);
    this.value(path, ours.map(words), theirs.map(words), { ...more, ids: { sash: ids(ours), synapse: ids(theirs) } });
    const there = new Map(theirs.map((event) => [event.event_id, event]));
    for (const event of ours) {
      const other = there.get(event.event_id);
      if (other) this.event(`${path}[${event.type}]`, event, other, more);
    }
  }

  event(path, ours, theirs, more) {
    const [a, b] = [bare(ours), bare(theirs)];
    if (ours.redactedHere || theirs.redactedHere) {
      // Either client has only heard that it was redacted: what is left of it is the client's affair.
      for (const event of [a, b]) for (const field of ['content', 'unsigned']) delete event[field];
    }
    this.value(path, a, b, { ...more, event: ours, events: { sash: ours, synapse: theirs } });
  }

  /** What the answers of this step said beyond what is kept of them. */
  said(path, more) {
    const { sash, synapse } = more.said;
    // Which is told apart by what it said, in words of the wire.
    if (!sash !== !synapse) this.value(`${path}.sent`, sash?.map(({ keys }) => keys.join(' ')), synapse?.map(({ keys }) => keys.join(' ')), more);
    this.fields += 1;
    if (!sash || !synapse) return;
    const any = (answers, field) => answers.some((answer) => answer[field] === true);
    const sum = (answers) => answers.reduce((total, { numLive = 0 }) => total + numLive, 0);
    for (const field of ['initial', 'expanded', 'limited']) this.value(`${path}.${field}`, any(sash, field), any(synapse, field), more);
    this.value(`${path}.numLive`, sum(sash), sum(synapse), more);
    this.value(`${path}.givesTimeline`, sash.some(({ limited }) => limited !== undefined), synapse.some(({ limited }) => limited !== undefined), more);
  }

  /** Stamps are compared by the order into which they bring the rooms. */
  stamps(stamped) {
    const by = (side) => [...stamped].sort((a, b) => b[side] - a[side]).map(({ id }) => this.known(id));
    this.value('order.bumpStamp', by('sash'), by('synapse'), { stamped });
  }

  extensions(sash, synapse) {
    this.value('accountData', sash.accountData, synapse.accountData);
    for (const field of ['roomAccountData', 'typing', 'receipts']) {
      for (const id of new Set([...Object.keys(sash[field]), ...Object.keys(synapse[field])])) {
        if (!this.#inView(sash.shown, synapse.shown, id)) continue;
        const more = { room: id, ours: sash.rooms.get(id), theirs: synapse.rooms.get(id) };
        const [a, b] = [sash[field][id], synapse[field][id]].map((value) => value ?? (field === 'typing' ? [] : {}));
        this.value(`${field}.${this.known(id)}`, a, b, more);
      }
    }
    this.value('toDevice', sash.toDevice.map(message), synapse.toDevice.map(message));
    this.value('oneTimeKeys', sash.oneTimeKeys, synapse.oneTimeKeys);
    this.value('fallbackKeys', sash.fallbackKeys, synapse.fallbackKeys);
    this.value('devices', sash.devices, synapse.devices);
  }
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const same = (a, b) => a === b || canonical(a) === canonical(b);
const ids = (events) => events.map((event) => event.event_id);

/** JSON with sorted keys. */
export function canonical(value) {
  const sorted = (_, part) => (isObject(part) ? Object.fromEntries(Object.keys(part).sort().map((key) => [key, part[key]])) : part);
  return JSON.stringify(value, sorted);
}

/** An event in a few words. */
export function outline({ type, state_key: stateKey, event_id: id, content }) {
  const word = content?.body ?? content?.membership ?? content?.name ?? '';
  return [type, stateKey, typeof word === 'string' ? word : '', id?.slice(0, 6)].filter(Boolean).join(' ');
}

function bare({ unsigned = {}, redactedHere, ...event }) {
  const kept = Object.fromEntries(Object.entries(unsigned).filter(([key]) => !UNSIGNED_ALIKE.has(key)));
  // It is an event as well.
  if (kept.redacted_because) kept.redacted_because = bare(kept.redacted_because);
  return { ...event, unsigned: kept };
}

function message({ content: { [MESSAGE_ID]: _, ...content }, ...event }) {
  return { ...event, content };
}
