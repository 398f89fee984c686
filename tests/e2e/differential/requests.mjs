// What Alice's connections ask for, and how that can change. Rooms go by their nicknames.

const STATE = ['m.room.create', 'm.room.name', 'm.room.topic', 'm.room.avatar', 'm.room.join_rules', 'm.room.encryption', 'm.room.tombstone'].map((type) => [type, '']);
const ME = ['m.room.member', '$ME'];
const LAZY = ['m.room.member', '$LAZY'];

/** Required states that a list or subscription may have. To all types with one key Synapse answers 500. */
export const STATES = {
  'nothing but oneself': [ME],
  usual: [...STATE, ME, LAZY],
  'without lazy members': [...STATE, ME],
  everything: [['*', '*']],
  'everything beside lazy members': [['*', '*'], LAZY],
  'a type with all its keys': [['test.one', '*'], ['m.space.child', '*'], ME],
  'all members': [['m.room.member', '*'], ['test.two', 'a']],
};

const ROOM_EXTENSIONS = { account_data: { enabled: true }, receipts: { enabled: true }, typing: { enabled: true } };

/** The connections, by `conn_id`. */
export const connections = () => ({
  // The order of all rooms: Synapse sorts a list only where no single window holds all of it.
  order: { conn_id: 'order', lists: { all: { ranges: [[0, 98], [99, 99]], timeline_limit: 0, required_state: [ME] } } },
  // As a client with one long list.
  main: {
    conn_id: 'main',
    lists: { all: { ranges: [[0, 99]], timeline_limit: 10, required_state: STATES.usual } },
    room_subscriptions: {},
    extensions: structuredClone(ROOM_EXTENSIONS),
  },
  // Windows through which rooms move. Synapse gives an error where an extension names a list of two windows, and gives the rooms of a list what an
  // earlier list asks for as soon as one of them is in both: so the later list is the one that asks for more.
  windows: {
    conn_id: 'windows',
    lists: {
      two: { ranges: [[1, 1], [4, 5]], timeline_limit: 1, required_state: [ME] },
      top: { ranges: [[0, 2]], timeline_limit: 3, required_state: STATES.usual },
    },
    room_subscriptions: {},
    extensions: Object.fromEntries(Object.keys(ROOM_EXTENSIONS).map((name) => [name, { enabled: true, lists: ['top'] }])),
  },
  // One list for each filter.
  filters: {
    conn_id: 'filters',
    lists: Object.fromEntries(Object.entries(FILTERS()).map(([name, filters]) => [name, { ranges: [[0, 99]], timeline_limit: 1, required_state: [ME], filters }])),
  },
  // As the encryption loop of a client.
  devices: { conn_id: 'devices', extensions: { to_device: { enabled: true }, e2ee: { enabled: true } } },
});

const FILTERS = () => ({
  direct: { is_dm: true },
  groups: { is_dm: false },
  encrypted: { is_encrypted: true },
  plain: { is_encrypted: false },
  invites: { is_invite: true },
  'no invites': { is_invite: false },
  spaces: { room_types: ['m.space'] },
  rooms: { not_room_types: ['m.space'] },
  'without type': { room_types: [null] },
  favourites: { tags: ['m.favourite'] },
  'not at work': { not_tags: ['u.work', 'm.lowpriority'] },
  'direct and encrypted': { is_dm: true, is_encrypted: true, is_invite: false },
});

/** A connection that begins now, as after a login: it shows what a room is, not how it came to be. */
export const fresh = (number) => ({
  conn_id: `fresh-${number}`,
  lists: { all: { ranges: [[0, 99]], timeline_limit: 20, required_state: STATES.everything } },
  extensions: { ...structuredClone(ROOM_EXTENSIONS) },
});

const config = (world, { connection, list, room }) => {
  const request = world.requests[connection];
  return list === undefined ? request.room_subscriptions[room] : request.lists[list];
};

/** A list or subscription of which something can change. */
function rule(world, random) {
  const connection = random.of(['main', 'windows']);
  const { lists, room_subscriptions: rooms } = world.requests[connection];
  const room = random.chance(0.4) ? random.of(Object.keys(rooms)) : undefined;
  return room === undefined ? { connection, list: Object.keys(lists).at(-1) } : { connection, room };
}

const states = Object.keys(STATES);

/** The operations that change requests; they do nothing on the homeserver. */
export const REQUEST_OPERATIONS = {
  'ask for more or less timeline': {
    weight: 1,
    pick: (world, random) => {
      const where = rule(world, random);
      return { ...where, limit: random.of([...(where.connection === 'main' ? [0] : []), 1, 2, 5, 10, 20]) };
    },
    run: async (world, { limit, ...where }) => {
      config(world, where).timeline_limit = limit;
    },
  },
  'ask for other state': {
    weight: 1,
    pick: (world, random) => ({ ...rule(world, random), state: random.of(states) }),
    run: async (world, { state, ...where }) => {
      config(world, where).required_state = STATES[state];
    },
  },
  'move windows': {
    weight: 1,
    pick: (_, random) => {
      const first = random.below(4);
      return random.chance(0.5)
        ? { connection: 'windows', list: 'top', ranges: [[first, first + random.below(5)]] }
        : { connection: 'windows', list: 'two', ranges: [[first, first + random.below(2)], [first + 3, first + 3 + random.below(3)]] };
    },
    run: async (world, { connection, list, ranges }) => {
      world.requests[connection].lists[list].ranges = ranges;
    },
  },
  subscribe: {
    weight: 1,
    pick: (world, random) => {
      const room = random.of([...world.rooms.keys()]);
      return room && { connection: random.of(['main', 'windows']), room, limit: random.of([1, 5, 20]), state: random.of(states) };
    },
    run: async (world, { connection, room, limit, state }) => {
      world.requests[connection].room_subscriptions[room] = { timeline_limit: limit, required_state: STATES[state] };
    },
  },
  unsubscribe: {
    weight: 0.7,
    pick: (world, random) => {
      const connection = random.of(['main', 'windows']);
      const room = random.of(Object.keys(world.requests[connection].room_subscriptions));
      return room && { connection, room };
    },
    run: async (world, { connection, room }) => {
      delete world.requests[connection].room_subscriptions[room];
    },
  },
  'filter the windows': {
    weight: 0.5,
    pick: (_, random) => ({ connection: 'windows', list: 'top', filters: random.of([{}, { is_dm: false }, { is_encrypted: false }, { is_invite: false }, { not_tags: ['u.work'] }]) }),
    run: async (world, { connection, list, filters }) => {
      world.requests[connection].lists[list].filters = filters;
    },
  },
  'narrow an extension': {
    weight: 0.5,
    pick: (world, random) => {
      const scope = random.of([{}, { lists: [], rooms: [] }, { lists: [] }, { rooms: [...world.rooms.keys()].slice(0, 2), lists: [] }]);
      return { connection: 'main', extension: random.of(['account_data', 'receipts', 'typing']), scope };
    },
    run: async (world, { connection, extension, scope }) => {
      world.requests[connection].extensions[extension] = { enabled: true, ...scope };
    },
  },
};
