// The built server before a real homeserver, by plain HTTP, on both wires.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, eventually, startSash, startSynapse, tempDir } from './support/index.mjs';

const V4 = {
  name: 'v4',
  sync: (as, { pos, timeout = 0, ...body }) => as.post('/_matrix/client/v4/sync', { pos, timeout, ...body }),
  list: (more = {}) => ({ lists: { all: { range: [0, 9], timeline_limit: 5, required_state: { include: [{ type: 'm.room.name' }] }, ...more } } }),
  invited: (room) => room?.membership === 'invite' && room.stripped_state,
};
const SIMPLIFIED = {
  name: 'simplified',
  sync: (as, { pos, timeout, ...body }) => as.slidingSync(body, { pos, timeout }),
  list: (more = {}) => ({ lists: { all: { ranges: [[0, 9]], timeline_limit: 5, required_state: [['m.room.name', '']], ...more } } }),
  invited: (room) => room?.invite_state,
};

let synapse;
let sash;
let data;
before(async () => {
  synapse = await startSynapse();
  data = tempDir('data');
  sash = await startSash({ homeserver: synapse.url, data: data.path });
});
after(async () => {
  await sash?.stop();
  data?.remove();
  await synapse?.stop();
});

test("login passes through, and names the server as the client's homeserver", async () => {
  const { userId, password } = await synapse.register('carol');
  const answer = await logIn(sash.url, 'carol', password);
  assert.equal(answer.user_id, userId);
  assert.equal(answer.well_known['m.homeserver'].base_url.replace(/\/$/, ''), sash.url, 'else the client would leave us for the homeserver');
  assert.equal((await client(sash.url, answer.access_token).whoami()).user_id, userId);
});

test('a wrong password is refused as the homeserver refuses it', async () => {
  await assert.rejects(logIn(sash.url, 'nobody', 'wrong'), { status: 403, errcode: 'M_FORBIDDEN' });
});

test('/versions lists what is served here beside what the homeserver has', async () => {
  const [ours, theirs] = await Promise.all([sash, synapse].map(({ url }) => client(url).get('/_matrix/client/versions')));
  assert.deepEqual(ours.versions, theirs.versions);
  assert.equal(ours.unstable_features['org.matrix.simplified_msc3575'], true);
  assert.equal(ours.unstable_features['org.matrix.msc4306'], undefined, 'thread subscriptions page by a pos of the homeserver’s own');
});

for (const wire of [V4, SIMPLIFIED]) {
  test(`${wire.name}: rooms, messages and invites come, and pos goes on over a restart`, async () => {
    const { asAlice, asBob, alice } = await people(wire.name);
    const rooms = [];
    for (const name of ['Kitchen', 'Attic', 'Cellar']) {
      rooms.push(await asBob.createRoom({ name, preset: 'private_chat', invite: [alice.userId] }));
      await asAlice.join(rooms.at(-1));
      await asBob.send(rooms.at(-1), `first in ${name}`);
    }
    const [kitchen, attic, cellar] = rooms;
    const follow = connection(wire, asAlice);

    await follow.until('all rooms are there', ({ rooms }) => [kitchen, attic, cellar].every((id) => bodies(rooms[id]).at(-1)?.startsWith('first in ')));
    assert.equal(follow.lists.all.count, 3);
    assert.equal(follow.rooms[kitchen].name, 'Kitchen');
    assert.ok(follow.rooms[kitchen].initial);
    const stamp = (id) => follow.rooms[id].bump_stamp;
    assert.ok(stamp(cellar) > stamp(attic) && stamp(attic) > stamp(kitchen), 'the room with the newest message has the highest stamp');

    await asBob.send(kitchen, 'Tea is ready');
    await follow.until('the message arrives', ({ rooms }) => bodies(rooms[kitchen]).at(-1) === 'Tea is ready');
    assert.ok(stamp(kitchen) > stamp(cellar), 'and moves its room up');

    const garden = await asBob.createRoom({ name: 'Garden', preset: 'private_chat', invite: [alice.userId] });
    await follow.until('the invite arrives', ({ rooms }) => wire.invited(rooms[garden]));

    assert.deepEqual(await sash.stop(), { code: 0, signal: null });
    await asBob.send(attic, 'While you were out');
    sash = await startSash({ homeserver: synapse.url, data: data.path, port: sash.port });
    const before = follow.seen.length;
    await follow.until('what happened meanwhile arrives at the same pos', ({ rooms }) => bodies(rooms[attic]).at(-1) === 'While you were out');
    const since = follow.seen.slice(before);
    assert.deepEqual(since.flatMap((answer) => Object.values(answer.rooms)).filter(({ initial }) => initial), [], 'no room begins anew');
    assert.deepEqual(bodies(follow.rooms[attic]), ['first in Attic', 'While you were out']);

    await asAlice.join(garden);
    await asAlice.send(garden, 'Here I am');
    await follow.until('what Alice sends comes back to her', ({ rooms }) => bodies(rooms[garden]).includes('Here I am'));

    await assert.rejects(wire.sync(asAlice, { pos: 'no such pos', ...wire.list() }), { status: 400, errcode: 'M_UNKNOWN_POS' });
  });

  test(`${wire.name}: a parked request is answered when something happens`, async () => {
    const { asAlice, asBob, alice } = await people(`parked-${wire.name}`);
    const room = await asBob.createRoom({ name: 'Kitchen', preset: 'private_chat', invite: [alice.userId] });
    await asAlice.join(room);
    const follow = connection(wire, asAlice);
    await follow.until('the room is there', ({ rooms }) => rooms[room]);
    await follow.settled();
    const parked = wire.sync(asAlice, { pos: follow.pos, timeout: 20_000, ...wire.list() });
    const began = performance.now();
    await asBob.send(room, 'Wake up');
    const { rooms } = await parked;
    assert.deepEqual(bodies(rooms[room]), ['Wake up']);
    const took = performance.now() - began;
    assert.ok(took < 5_000, `it took ${took.toFixed(0)} ms`);
  });
}

test('a client is moved from the homeserver to the server and back, and neither takes the other’s pos for its own', async () => {
  const { alice, asAlice } = await people('moving');
  const atHomeserver = client(synapse.url, alice.accessToken);
  const room = await atHomeserver.createRoom({ name: 'Kitchen' });
  await atHomeserver.toDevice('m.test', { [alice.userId]: { '*': { n: 1 } } });
  const wanted = { conn_id: 'room-list', ...SIMPLIFIED.list() };
  const toDevice = (since) => ({ conn_id: 'encryption', extensions: { to_device: { enabled: true, since } } });

  const { pos: theirs } = await SIMPLIFIED.sync(atHomeserver, wanted);
  const { next_batch: since } = (await SIMPLIFIED.sync(atHomeserver, toDevice())).extensions.to_device;
  await assert.rejects(SIMPLIFIED.sync(asAlice, { pos: theirs, ...wanted }), { status: 400, errcode: 'M_UNKNOWN_POS' });
  let here;
  await eventually('the room is there', async () => (here = await SIMPLIFIED.sync(asAlice, wanted)).rooms[room]);
  await eventually('what was not acknowledged there comes here', async () => (await SIMPLIFIED.sync(asAlice, toDevice(since))).extensions.to_device.events.some(({ content }) => content.n === 1));

  await assert.rejects(SIMPLIFIED.sync(atHomeserver, { pos: here.pos, ...wanted }), { status: 400, errcode: 'M_UNKNOWN_POS' });
  assert.ok((await SIMPLIFIED.sync(atHomeserver, wanted)).rooms[room].initial);
});

test('logout passes through, and ends what the server does for the device', async () => {
  const { asAlice } = await people('leaving');
  await V4.sync(asAlice, V4.list());
  await asAlice.logout();
  await assert.rejects(V4.sync(asAlice, V4.list()), { status: 401, errcode: 'M_UNKNOWN_TOKEN' });
});

test('nobody is served without a token, or with one that the homeserver does not know', async () => {
  for (const wire of [V4, SIMPLIFIED]) {
    await assert.rejects(wire.sync(client(sash.url), wire.list()), { status: 401, errcode: 'M_MISSING_TOKEN' });
    await assert.rejects(wire.sync(client(sash.url, 'made-up'), wire.list()), { status: 401, errcode: 'M_UNKNOWN_TOKEN' });
  }
});

const logIn = (url, user, password) => client(url).post('/_matrix/client/v3/login', { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password });

/** Alice speaks to the server, Bob to the homeserver itself. */
async function people(name) {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((who) => synapse.register(`${who}-${name}`)));
  return { alice, bob, asAlice: client(sash.url, alice.accessToken), asBob: client(synapse.url, bob.accessToken) };
}

/** A connection that is followed: what came of each room, put together. */
function connection(wire, as) {
  const follow = {
    pos: undefined,
    lists: {},
    rooms: {},
    /** Every answer. */
    seen: [],
    async next(timeout) {
      const answer = await wire.sync(as, { pos: follow.pos, timeout, ...wire.list() });
      follow.pos = answer.pos;
      follow.lists = answer.lists;
      follow.seen.push({ rooms: answer.rooms ?? {} });
      for (const [id, room] of Object.entries(answer.rooms ?? {})) {
        const held = room.initial ? {} : follow.rooms[id];
        follow.rooms[id] = { ...held, ...room, timeline: [...(held?.timeline ?? []), ...(room.timeline ?? [])] };
      }
      return answer;
    },
    until: (what, done) =>
      eventually(what, async () => {
        if (done(follow)) return true;
        await follow.next(1_000);
        return done(follow);
      }),
    /** Waits until there is no more news. */
    settled: () => eventually('there is no more news', async () => Object.keys((await follow.next(300)).rooms ?? {}).length === 0),
  };
  return follow;
}

const bodies = (room) => (room?.timeline ?? []).filter(({ type }) => type === 'm.room.message').map(({ content }) => content.body);
