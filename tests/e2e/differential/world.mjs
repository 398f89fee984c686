// Who there is and what they have done: what operations choose from. Alice is the one who syncs; she acts through a third device of hers, so that
// neither of the two that sync is told of its own doing, unless an operation says so.
import { client, register } from '../support/index.mjs';

const OTHERS = ['bob', 'carol', 'dave'];

export class World {
  /** By name: `{ userId, api }`. */
  people = {};
  /** By nickname. */
  rooms = new Map();
  /** What Alice ignores, by name. */
  ignored = new Set();
  /** The nicknames of her direct chats. */
  direct = new Set();
  /** The number of the present step. */
  step = 0;
  /** The number of the next room, event or message. */
  #next = 0;

  /** `suffix` keeps the people of one run apart from those of another on the same homeserver. */
  static async make({ synapse, sash, suffix }) {
    const world = new World();
    const me = await register(synapse.url, `alice-${suffix}`);
    world.me = { userId: me.userId };
    world.people.alice = { userId: me.userId, api: client(synapse.url, me.accessToken) };
    for (const name of OTHERS) {
      const { userId, accessToken, deviceId } = await register(synapse.url, `${name}-${suffix}`);
      world.people[name] = { userId, deviceId, api: client(synapse.url, accessToken) };
    }
    const logIn = async (device) => {
      const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user: `alice-${suffix}` }, password: me.password, device_id: device };
      return (await client(synapse.url).post('/_matrix/client/v3/login', body)).access_token;
    };
    world.devices = { sash: client(sash.url, await logIn('SASH')), synapse: client(synapse.url, await logIn('SYNAPSE')) };
    return world;
  }

  number() {
    this.#next += 1;
    return this.#next;
  }

  as(name) {
    return this.people[name].api;
  }

  userId(name) {
    return this.people[name]?.userId ?? name;
  }

  room(nick) {
    const room = this.rooms.get(nick);
    if (!room) throw new Error(`there is no room ${nick}`);
    return room;
  }

  /** Notes a room; `members` says what each is in it. */
  addRoom(nick, id, more = {}) {
    const room = { nick, id, members: {}, events: [], encrypted: false, space: false, forgotten: false, everJoined: new Set(), unheardIds: new Set(), typists: new Set(), bumpedAt: Date.now(), ...more };
    this.rooms.set(nick, room);
    return room;
  }

  /** Whose invite or knock came to nothing somewhere, and in which step it last did. */
  turnedAway = new Map();

  /** Whether Alice is in a room together with somebody. */
  isWithAlice(userId) {
    return [...this.rooms.values()].some(({ nick, members }) => members.alice === 'join' && this.members(nick).some((name) => this.userId(name) === userId));
  }

  /** `by` is who did it. */
  setMembership(nick, name, membership, by = name) {
    const room = this.room(nick);
    if (membership === 'invite' && name === 'alice') room.invitedBy = by;
    const was = room.members[name];
    room.members[name] = membership;
    if (membership === 'join') room.everJoined.add(name);
    if (['invite', 'knock'].includes(was) && ['leave', 'ban'].includes(membership)) this.turnedAway.set(this.userId(name), this.step);
    if (name !== 'alice') return;
    const isOut = ['leave', 'ban'].includes(membership);
    Object.assign(room, { timeless: false, encryptedWhileInvited: isOut && room.encryptedWhileInvited, unbanned: was === 'ban' && membership === 'leave', aliceChangedAt: this.step, leftBy: undefined });
    if (membership !== 'join') return;
    Object.assign(room, { entered: this.step > 0, enteredAt: Date.now(), bumpedBefore: room.bumpedAt });
  }

  nick = (id) => [...this.rooms.values()].find((room) => room.id === id)?.nick ?? id;

  byId(id) {
    return [...this.rooms.values()].find((room) => room.id === id);
  }

  /** Rooms in which `name` is what `membership` says. */
  roomsWhere(name, membership) {
    return [...this.rooms.values()].filter((room) => room.members[name] === membership);
  }

  /** The names of those in a room who are what `membership` says. */
  members(nick, membership = 'join') {
    return Object.entries(this.room(nick).members).filter(([, now]) => now === membership).map(([name]) => name);
  }

  /** A request as it is sent: operations name rooms by their nicknames. */
  resolve(request) {
    const id = (nick) => this.rooms.get(nick)?.id ?? nick;
    const resolved = structuredClone(request);
    if (resolved.room_subscriptions) {
      resolved.room_subscriptions = Object.fromEntries(Object.entries(resolved.room_subscriptions).map(([nick, config]) => [id(nick), config]));
    }
    for (const extension of Object.values(resolved.extensions ?? {})) {
      if (extension.rooms) extension.rooms = extension.rooms.map(id);
    }
    return resolved;
  }
}
