// What can happen, by name. `run(world, args)` does it on the homeserver; `pick(world, random)` chooses arguments for it, or nothing where it makes no
// sense now. Arguments are plain data, so that a line of a failing run can be put into a script as it is.
import { randomUUID } from 'node:crypto';
import { eventually } from '../support/index.mjs';
import { REQUEST_OPERATIONS } from './requests.mjs';

const path = (...parts) => `/_matrix/client/v3/${parts.map(encodeURIComponent).join('/')}`;

const UNSTABLE_POLL = 'org.matrix.msc3381.poll.start';
const BUMPS = ['m.room.message', 'm.room.encrypted', 'm.sticker', 'm.call.invite', UNSTABLE_POLL];

/** Sends an event and remembers it. */
async function send(world, { room: nick, by }, type, content) {
  const room = world.room(nick);
  const id = await world.as(by).send(room.id, content, type);
  note(world, room, { id, by, type });
}

async function setState(world, { room: nick, by }, type, key, content) {
  const room = world.room(nick);
  const id = await world.as(by).setState(room.id, type, key, content);
  note(world, room, { id, by, type, key });
  if (type === 'm.room.history_visibility' && content.history_visibility !== 'shared') room.hidesHistory = true;
}

function note(world, room, event) {
  room.events.push(event);
  if (event.type === 'm.room.encryption' && room.members.alice === 'invite') room.encryptedWhileInvited = true;
  const unheard = world.ignored.has(event.by) && event.key === undefined;
  room.unheard = unheard;
  if (unheard) room.unheardIds.add(event.id);
  if (!BUMPS.includes(event.type)) return;
  room.entered = false;
  room.bumpedAt = Date.now();
  room.polled = event.type === UNSTABLE_POLL;
}

const text = (body) => ({ msgtype: 'm.text', body });
const related = (world, { room, event }) => world.room(room).events.at(event).id;
const thread = (world, args) => ({ 'm.relates_to': { rel_type: 'm.thread', event_id: related(world, args), is_falling_back: true, 'm.in_reply_to': { event_id: related(world, args) } } });

/** Somebody in some room that is alive: `{ room, by }`. */
function someone(world, random, { but } = {}) {
  const room = random.of([...world.rooms.values()].filter((room) => world.members(room.nick).some((name) => name !== but)));
  return room && { room: room.nick, by: random.of(world.members(room.nick).filter((name) => name !== but)) };
}

/** An event of a room that somebody sent, counted from the end. */
function earlier(world, random, { room }, wanted = () => true) {
  const { events } = world.room(room);
  const places = events.map((_, index) => index - events.length).filter((place) => wanted(events.at(place)));
  return random.of(places.slice(-8));
}

function about(world, random, wanted) {
  const args = someone(world, random);
  const event = args && earlier(world, random, args, wanted);
  return event === undefined ? undefined : { ...args, event };
}

/** Somebody in a room, and somebody who is `membership` there. Only who made the room may take people out of it. */
function towards(world, random, membership, { byCreator = false } = {}) {
  const args = someone(world, random);
  if (byCreator && args) args.by = world.room(args.room).creator;
  const user = args && random.of(Object.keys(world.people).filter((name) => name !== args.by && (world.room(args.room).members[name] ?? 'none') === membership));
  return user && world.room(args.room).members[args.by] === 'join' ? { ...args, user } : undefined;
}

const isMessage = ({ type }) => type === 'm.room.message' || type === 'm.room.encrypted';
const mine = (world, random, membership) => random.of(world.roomsWhere('alice', membership))?.nick;
const AVATARS = ['mxc://localhost/aaaa', 'mxc://localhost/bbbb'];

/** One that sets a state event. */
const state = (type, key, content, weight = 1) => ({
  weight,
  pick: (world, random) => {
    const args = someone(world, random);
    return args && { ...args, value: content.choose(world, random) };
  },
  run: (world, args) => setState(world, args, type, key, content.of(args.value)),
});

export const OPERATIONS = {
  // Rooms.
  'create room': {
    weight: 3,
    pick: (world, random) => {
      if (world.rooms.size >= 24) return undefined;
      const by = random.of(Object.keys(world.people));
      const others = Object.keys(world.people).filter((name) => name !== by && random.chance(0.6));
      const nick = `r${world.number()}`;
      return { nick, by, invite: others, preset: random.of(['private_chat', 'public_chat', 'trusted_private_chat']), ...(random.chance(0.6) && { name: `Room ${nick}` }), ...(random.chance(0.2) && { encrypted: true }), ...(random.chance(0.15) && { knock: true }) };
    },
    run: async (world, { nick, by, invite = [], preset = 'private_chat', name, topic, encrypted = false, knock = false, space = false, direct = false, version }) => {
      const id = await world.as(by).createRoom({
        preset,
        name,
        topic,
        room_version: version,
        is_direct: direct,
        invite: invite.map((who) => world.userId(who)),
        creation_content: space ? { type: 'm.space' } : {},
        initial_state: [
          ...(encrypted ? [{ type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }] : []),
          ...(knock ? [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }] : []),
        ],
        // Everybody may do everything but what only the creator may: so few operations are refused.
        power_level_content_override: { users_default: 0, state_default: 0, invite: 0, events: {} },
      });
      world.addRoom(nick, id, { creator: by, encrypted, space });
      world.setMembership(nick, by, 'join');
      for (const who of invite) world.setMembership(nick, who, 'invite', by);
    },
  },
  name: state('m.room.name', '', { choose: (world, random) => random.weighted([[4, `Name ${world.number()}`], [1, '']]), of: (name) => ({ name }) }),
  topic: state('m.room.topic', '', { choose: (world) => `About ${world.number()}`, of: (topic) => ({ topic }) }),
  avatar: state('m.room.avatar', '', { choose: (_, random) => random.of([...AVATARS, null]), of: (url) => (url === null ? {} : { url }) }),
  'join rule': state('m.room.join_rules', '', { choose: (_, random) => random.of(['public', 'invite', 'knock']), of: (rule) => ({ join_rule: rule }) }),
  'history visibility': state('m.room.history_visibility', '', { choose: (_, random) => random.of(['shared', 'joined', 'invited']), of: (visibility) => ({ history_visibility: visibility }) }),
  encrypt: state('m.room.encryption', '', { choose: () => 'm.megolm.v1.aes-sha2', of: (algorithm) => ({ algorithm }) }, 0.3),
  'pinned events': state('m.room.pinned_events', '', { choose: (world) => [`$${world.number()}`], of: (pinned) => ({ pinned }) }),
  'custom state': {
    weight: 2,
    pick: (world, random) => {
      const args = someone(world, random);
      return args && { ...args, type: random.of(['test.one', 'test.two']), key: random.of(['', 'a', 'b']), value: world.number() };
    },
    run: (world, { type, key, value, ...args }) => setState(world, args, type, key, value === null ? {} : { value }),
  },
  'power level': {
    weight: 0.5,
    pick: (world, random) => {
      const room = random.of([...world.rooms.values()].filter((room) => room.creator && room.members[room.creator] === 'join'));
      return room && { room: room.nick, by: room.creator, user: random.of(Object.keys(world.people).filter((name) => name !== room.creator)), level: random.of([0, 50]) };
    },
    run: async (world, { room, by, user, level }) => {
      const { id } = world.room(room);
      const levels = await world.as(by).get(path('rooms', id, 'state', 'm.room.power_levels'));
      levels.users = { ...levels.users, [world.userId(user)]: level };
      await setState(world, { room, by }, 'm.room.power_levels', '', levels);
    },
  },
  'space child': {
    weight: 0.5,
    pick: (world, random) => {
      const space = random.of([...world.rooms.values()].filter((room) => room.space && world.members(room.nick).length > 0));
      const child = random.of([...world.rooms.values()].filter((room) => room !== space));
      return space && child && { room: space.nick, by: random.of(world.members(space.nick)), child: child.nick, there: random.chance(0.7) };
    },
    run: (world, { room, by, child, there }) => setState(world, { room, by }, 'm.space.child', world.room(child).id, there ? { via: ['localhost'] } : {}),
  },
  'upgrade room': {
    weight: 0.2,
    pick: (world, random) => {
      const room = random.of([...world.rooms.values()].filter((room) => !room.upgraded && room.creator && room.members[room.creator] === 'join'));
      return room && { room: room.nick, by: room.creator, nick: `r${world.number()}` };
    },
    run: async (world, { room: nick, by, nick: next, version = '11' }) => {
      const room = world.room(nick);
      const { replacement_room: id } = await world.as(by).post(path('rooms', room.id, 'upgrade'), { new_version: version });
      room.upgraded = true;
      world.addRoom(next, id, { creator: by, encrypted: room.encrypted, space: room.space });
      world.setMembership(next, by, 'join');
    },
  },

  // Events.
  message: {
    weight: 8,
    pick: (world, random) => {
      const args = someone(world, random);
      return args && { ...args, text: `message ${world.number()}`, ...(random.chance(0.1) && { mention: 'alice' }) };
    },
    run: (world, { text: body, mention, ...args }) => send(world, args, 'm.room.message', { ...text(body), ...(mention && { 'm.mentions': { user_ids: [world.userId(mention)] } }) }),
  },
  'many messages': {
    weight: 1,
    pick: (world, random) => {
      const args = someone(world, random);
      return args && { ...args, text: `many ${world.number()}`, count: random.between(4, 30) };
    },
    run: async (world, { text: body, count, ...args }) => {
      for (let turn = 0; turn < count; turn += 1) await send(world, args, 'm.room.message', text(`${body}.${turn}`));
    },
  },
  'encrypted message': {
    weight: 1,
    pick: (world, random) => {
      const room = random.of([...world.rooms.values()].filter((room) => room.encrypted && world.members(room.nick).length > 0));
      return room && { room: room.nick, by: random.of(world.members(room.nick)), text: `secret ${world.number()}` };
    },
    run: (world, { text: body, ...args }) => send(world, args, 'm.room.encrypted', { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: body, session_id: 's', sender_key: 'k', device_id: 'd' }),
  },
  react: {
    weight: 2,
    pick: (world, random) => {
      const args = about(world, random, isMessage);
      return args && { ...args, key: `${world.number()}` };
    },
    run: (world, { event, key, ...args }) => send(world, args, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: related(world, { ...args, event }), key } }),
  },
  edit: {
    weight: 1,
    pick: (world, random) => {
      const room = random.of([...world.rooms.values()].filter((room) => room.events.some(isMessage)));
      const event = room && earlier(world, random, { room: room.nick }, (event) => isMessage(event) && room.members[event.by] === 'join');
      return event === undefined ? undefined : { room: room.nick, by: room.events.at(event).by, event, text: `edit ${world.number()}` };
    },
    run: (world, { event, text: body, ...args }) => {
      const content = { ...text(`* ${body}`), 'm.new_content': text(body), 'm.relates_to': { rel_type: 'm.replace', event_id: related(world, { ...args, event }) } };
      return send(world, args, 'm.room.message', content);
    },
  },
  reply: {
    weight: 1,
    pick: (world, random) => {
      const args = about(world, random, isMessage);
      return args && { ...args, text: `reply ${world.number()}` };
    },
    run: (world, { event, text: body, ...args }) => send(world, args, 'm.room.message', { ...text(body), 'm.relates_to': { 'm.in_reply_to': { event_id: related(world, { ...args, event }) } } }),
  },
  'message in thread': {
    weight: 1,
    pick: (world, random) => {
      const args = about(world, random, (event) => event.type === 'm.room.message' && !event.inThread);
      return args && { ...args, text: `thread ${world.number()}` };
    },
    run: async (world, { event, text: body, ...args }) => {
      const relation = thread(world, { ...args, event });
      await send(world, args, 'm.room.message', { ...text(body), ...relation });
      Object.assign(world.room(args.room).events.at(-1), { inThread: true, root: relation['m.relates_to'].event_id });
    },
  },
  redact: {
    weight: 1,
    pick: (world, random) => {
      const room = random.of([...world.rooms.values()].filter((room) => room.events.length > 0));
      const event = room && earlier(world, random, { room: room.nick }, (event) => room.members[event.by] === 'join');
      return event === undefined ? undefined : { room: room.nick, by: room.events.at(event).by, event };
    },
    run: async (world, { room, by, event }) => {
      await world.as(by).redact(world.room(room).id, related(world, { room, event }));
      if (world.room(room).events.at(event).key !== undefined) world.room(room).redactedStateAt = world.step;
    },
  },
  sticker: {
    weight: 0.3,
    pick: someone,
    run: (world, args) => send(world, args, 'm.sticker', { body: 'sticker', url: AVATARS[0], info: {} }),
  },
  poll: {
    weight: 0.3,
    pick: someone,
    run: (world, args) => send(world, args, UNSTABLE_POLL, { 'org.matrix.msc1767.text': 'poll', 'org.matrix.msc3381.poll.start': { question: {}, answers: [] } }),
  },
  call: {
    weight: 0.3,
    pick: someone,
    run: (world, args) => send(world, args, 'm.call.invite', { call_id: 'c', version: '1', lifetime: 60_000, party_id: 'p', offer: { type: 'offer', sdp: '' } }),
  },
  'other event': {
    weight: 1,
    pick: someone,
    run: (world, args) => send(world, args, 'test.event', { about: 'nothing' }),
  },
  'message from a syncing device': {
    weight: 1,
    pick: (world, random) => {
      const room = mine(world, random, 'join');
      return room && { room, device: random.of(['sash', 'synapse']), text: `own ${world.number()}` };
    },
    run: async (world, { room: nick, device, text: body }) => {
      const room = world.room(nick);
      const id = await world.devices[device].send(room.id, body);
      note(world, room, { id, by: 'alice', type: 'm.room.message' });
    },
  },

  // Membership.
  invite: {
    weight: 1.5,
    pick: (world, random) => towards(world, random, random.of(['none', 'leave'])),
    run: async (world, { room, by, user }) => {
      await world.as(by).invite(world.room(room).id, world.userId(user));
      world.setMembership(room, user, 'invite', by);
    },
  },
  join: {
    weight: 4,
    pick: (world, random) => {
      const by = random.of(Object.keys(world.people));
      const room = random.of(world.roomsWhere(by, 'invite'));
      return room && { room: room.nick, by };
    },
    run: async (world, { room, by }) => {
      await world.as(by).join(world.room(room).id);
      world.setMembership(room, by, 'join');
      world.room(room).forgotten &&= by !== 'alice';
    },
  },
  'join again': {
    weight: 1,
    pick: (world, random) => {
      const by = random.of(Object.keys(world.people));
      const room = random.of(world.roomsWhere(by, 'leave'));
      return room && { room: room.nick, by };
    },
    run: (world, args) => OPERATIONS.join.run(world, args),
  },
  leave: {
    weight: 1,
    pick: (world, random) => {
      const by = random.of(Object.keys(world.people));
      const room = random.of(world.roomsWhere(by, random.of(['join', 'invite', 'knock'])));
      return room && { room: room.nick, by };
    },
    run: async (world, { room, by }) => {
      await world.as(by).leave(world.room(room).id);
      world.setMembership(room, by, 'leave');
      world.room(room).leftBy = by === 'alice' ? 'alice' : world.room(room).leftBy;
    },
  },
  kick: {
    weight: 1,
    pick: (world, random) => towards(world, random, random.of(['join', 'invite', 'knock']), { byCreator: true }),
    run: async (world, { room, by, user }) => {
      await world.as(by).kick(world.room(room).id, world.userId(user));
      world.setMembership(room, user, 'leave');
      if (user === 'alice') world.room(room).leftBy = by;
    },
  },
  ban: {
    weight: 0.7,
    pick: (world, random) => towards(world, random, random.of(['join', 'invite', 'leave', 'none']), { byCreator: true }),
    run: async (world, { room, by, user }) => {
      await world.as(by).ban(world.room(room).id, world.userId(user));
      world.setMembership(room, user, 'ban');
    },
  },
  unban: {
    weight: 0.5,
    pick: (world, random) => towards(world, random, 'ban', { byCreator: true }),
    run: async (world, { room, by, user }) => {
      await world.as(by).post(path('rooms', world.room(room).id, 'unban'), { user_id: world.userId(user) });
      world.setMembership(room, user, 'leave');
      if (user === 'alice') world.room(room).leftBy = by;
    },
  },
  knock: {
    weight: 1,
    pick: (world, random) => {
      const by = random.of(Object.keys(world.people));
      const room = random.of([...world.rooms.values()].filter((room) => [undefined, 'leave'].includes(room.members[by])));
      return room && { room: room.nick, by };
    },
    run: async (world, { room, by }) => {
      await world.as(by).post(path('knock', world.room(room).id), {});
      world.setMembership(room, by, 'knock');
      world.room(room).forgotten &&= by !== 'alice';
    },
  },
  forget: {
    weight: 0.5,
    pick: (world, random) => {
      const room = mine(world, random, random.of(['leave', 'ban']));
      return room && { room, by: 'alice' };
    },
    run: async (world, { room, by }) => {
      // Through Sash: v2 does not tell of it.
      await world.devices.sash.forget(world.room(room).id);
      world.room(room).forgotten = by === 'alice';
    },
  },
  'name in room': {
    weight: 0.7,
    pick: (world, random) => {
      const args = someone(world, random);
      return args && { ...args, name: `Person ${world.number()}` };
    },
    run: (world, { name, ...args }) => setState(world, args, 'm.room.member', world.userId(args.by), { membership: 'join', displayname: name }),
  },
  'name everywhere': {
    weight: 0.2,
    pick: (world, random) => ({ by: random.of(Object.keys(world.people)), name: `Name ${world.number()}` }),
    run: async (world, { by, name }) => {
      await world.as(by).put(path('profile', world.userId(by), 'displayname'), { displayname: name });
      // The homeserver tells the rooms one after the other.
      for (const room of world.roomsWhere(by, 'join')) {
        await eventually(`${by} is called ${name} in ${room.nick}`, async () => {
          const { displayname } = await world.as(by).get(path('rooms', room.id, 'state', 'm.room.member', world.userId(by)));
          return displayname === name;
        });
      }
    },
  },

  // What is Alice's own.
  tag: {
    weight: 1,
    pick: (world, random) => {
      const room = mine(world, random, 'join');
      return room && { room, tag: random.of(['m.favourite', 'm.lowpriority', 'u.work']), there: random.chance(0.6) };
    },
    run: async (world, { room, tag, there }) => {
      const where = path('user', world.me.userId, 'rooms', world.room(room).id, 'tags', tag);
      if (there) await world.as('alice').put(where, { order: 0.5 });
      else await remove(world.as('alice'), where);
      world.room(room).dataChangedAt = world.step;
    },
  },
  'direct chats': {
    weight: 0.7,
    pick: (world, random) => {
      const rooms = [...world.rooms.values()].filter((room) => ['join', 'invite'].includes(room.members.alice) && random.chance(0.2));
      return { bob: rooms.map((room) => room.nick) };
    },
    run: async (world, { bob }) => {
      await world.as('alice').accountData(world.me.userId, 'm.direct', { [world.userId('bob')]: bob.map((nick) => world.room(nick).id) });
      world.direct = new Set(bob);
    },
  },
  'account data': {
    weight: 0.7,
    pick: (world, random) => ({ type: random.of(['test.setting', 'test.other']), value: world.number() }),
    run: (world, { type, value }) => world.as('alice').accountData(world.me.userId, type, { value }),
  },
  'room account data': {
    weight: 0.7,
    pick: (world, random) => {
      const room = mine(world, random, 'join');
      return room && { room, type: random.of(['m.marked_unread', 'test.room']), value: world.number() };
    },
    run: async (world, { room, type, value }) => {
      await world.as('alice').put(path('user', world.me.userId, 'rooms', world.room(room).id, 'account_data', type), { unread: value % 2 === 0, value });
      world.room(room).dataChangedAt = world.step;
    },
  },
  'push rule': {
    weight: 0.2,
    pick: (world, random) => {
      const room = mine(world, random, 'join');
      return room && { room };
    },
    run: (world, { room }) => world.as('alice').put(path('pushrules', 'global', 'room', world.room(room).id), { actions: [] }),
  },
  ignore: {
    weight: 0.2,
    pick: (_, random) => ({ users: random.chance(0.5) ? ['dave'] : [] }),
    run: async (world, { users }) => {
      const ignored = Object.fromEntries(users.map((name) => [world.userId(name), {}]));
      await world.as('alice').accountData(world.me.userId, 'm.ignored_user_list', { ignored_users: ignored });
      world.ignored = new Set(users);
      // What they said before is not shown either where it was not yet.
      for (const { events, unheardIds } of world.rooms.values()) {
        for (const { id, by, key } of events) if (world.ignored.has(by) && key === undefined) unheardIds.add(id);
      }
    },
  },
  receipt: {
    weight: 3,
    pick: (world, random) => {
      const args = about(world, random);
      if (!args) return undefined;
      const type = args.by === 'alice' || random.chance(0.2) ? random.of(['m.read', 'm.read.private']) : 'm.read';
      const { inThread } = world.room(args.room).events.at(args.event);
      return { ...args, type, ...(inThread ? { thread: 'own' } : random.chance(0.3) && { thread: 'main' }) };
    },
    run: async (world, { room: nick, by, event, type = 'm.read', thread: where }) => {
      const room = world.room(nick);
      const { id, root } = room.events.at(event);
      const body = where === undefined ? {} : { thread_id: where === 'own' ? (root ?? 'main') : where };
      await world.as(by).post(path('rooms', room.id, 'receipt', type, id), body);
    },
  },
  'read marker': {
    weight: 0.5,
    pick: (world, random) => {
      const room = mine(world, random, 'join');
      const event = room && earlier(world, random, { room });
      return event === undefined ? undefined : { room, event };
    },
    run: async (world, { room, event }) => {
      await world.as('alice').post(path('rooms', world.room(room).id, 'read_markers'), { 'm.fully_read': related(world, { room, event }) });
      world.room(room).dataChangedAt = world.step;
    },
  },
  typing: {
    weight: 1,
    pick: (world, random) => {
      const args = someone(world, random);
      return args && { ...args, on: random.chance(0.6) };
    },
    // So long that nobody falls silent unasked.
    run: async (world, { room, by, on }) => {
      await world.as(by).typing(world.room(room).id, world.userId(by), on ? 600_000 : 0);
      const { typists } = world.room(room);
      // To whom types already the homeserver does not listen.
      if (typists.has(by) !== on) world.room(room).typedAt = Date.now();
      if (on) typists.add(by);
      else typists.delete(by);
    },
  },

  // Devices.
  'to device': {
    weight: 1,
    pick: (world, random) => ({ by: random.of(['bob', 'carol']), count: random.between(1, 3), text: `to device ${world.number()}` }),
    run: async (world, { by, count, text: body }) => {
      for (let turn = 0; turn < count; turn += 1) {
        const content = { body: `${body}.${turn}` };
        await world.as(by).toDevice('test.message', { [world.me.userId]: { SASH: content, SYNAPSE: content } });
      }
    },
  },
  'upload one-time keys': {
    weight: 0.5,
    pick: (_, random) => ({ count: random.between(1, 4) }),
    run: async (world, { count }) => {
      for (const api of Object.values(world.devices)) {
        const keys = Array.from({ length: count }, (_, turn) => [`signed_curve25519:${turn}${randomUUID().slice(0, 6)}`, { key: randomUUID(), signatures: {} }]);
        await api.post(path('keys', 'upload'), { one_time_keys: Object.fromEntries(keys) });
      }
    },
  },
  'upload a fallback key': {
    weight: 0.2,
    pick: () => ({}),
    run: async (world) => {
      for (const api of Object.values(world.devices)) {
        await api.post(path('keys', 'upload'), { fallback_keys: { [`signed_curve25519:${randomUUID().slice(0, 6)}`]: { key: randomUUID(), fallback: true, signatures: {} } } });
      }
    },
  },
  'claim keys': {
    weight: 0.5,
    pick: () => ({ by: 'bob' }),
    run: (world, { by }) => world.as(by).post(path('keys', 'claim'), { one_time_keys: { [world.me.userId]: { SASH: 'signed_curve25519', SYNAPSE: 'signed_curve25519' } } }),
  },
  'device keys': {
    weight: 0.7,
    pick: (_, random) => ({ by: random.of(['bob', 'carol', 'dave']) }),
    run: async (world, { by }) => {
      const { userId, deviceId, api } = world.people[by];
      const keys = { user_id: userId, device_id: deviceId, algorithms: ['m.olm.v1.curve25519-aes-sha2'], keys: { [`curve25519:${deviceId}`]: randomUUID() }, signatures: {} };
      await api.post(path('keys', 'upload'), { device_keys: keys });
    },
  },

  ...REQUEST_OPERATIONS,
};

async function remove(api, where) {
  const response = await fetch(new URL(where, api.url), { method: 'DELETE', headers: { authorization: `Bearer ${api.token}` } });
  if (!response.ok) throw new Error(`DELETE ${where}: ${response.status}`);
}

/** Chooses what happens next: `[name, args]`. */
export function chooseOperation(world, random) {
  const weighted = Object.entries(OPERATIONS).map(([name, { weight }]) => [weight, name]);
  for (;;) {
    const name = random.weighted(weighted);
    const args = OPERATIONS[name].pick(world, random);
    if (args) return [name, args];
  }
}
