// The engine in a real browser, before the demo homeserver: what a page gets from it across reloads, failures and expired tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, eventually } from './support/index.mjs';
import { demoScene } from './support/demo.mjs';
import { engineScene, open, reload, sync } from './support/engine.mjs';

const ROOM = { timeline_limit: 5, required_state: { include: [{ type: 'm.room.name' }], lazy_members: true } };
const everything = (more = {}) => ({ lists: { all: ROOM }, ...more });
const TO_DEVICE = 'org.matrix.msc4538.to_device';

/** Waits until the whole account is known. */
const complete = (page) =>
  page.waitForFunction(() => window.engines.main.status.progress.phase === 'complete' && window.engines.main.status.state === 'live', undefined, { timeout: 60_000 });

/** Syncs from `pos` until `done` says so of everything that came. Returns the last answer, and all rooms merged by id. */
async function syncUntil(page, what, request, done) {
  const seen = { rooms: {}, pos: request.pos, lists: {} };
  await eventually(what, async () => {
    const { value, error } = await sync(page, { ...request, pos: seen.pos, timeout: 2000 });
    if (error) throw new Error(JSON.stringify(error));
    seen.pos = value.pos;
    seen.lists = value.lists;
    for (const [id, room] of Object.entries(value.rooms)) {
      const timeline = [...(room.initial ? [] : (seen.rooms[id]?.timeline ?? [])), ...(room.timeline ?? [])];
      seen.rooms[id] = { ...(room.initial ? {} : seen.rooms[id]), ...room, timeline };
    }
    return done(seen);
  });
  return seen;
}

const bodies = (room) => (room?.timeline ?? []).map(({ content }) => content?.body);

test('the room list is that of the homeserver, and a message arrives', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, account);
  await complete(page);

  const other = await demo.logIn();
  const v2 = await client(demo.url, other.accessToken).sync({ timeout: 0 });
  const joined = Object.keys(v2.rooms.join);
  const seen = await syncUntil(page, 'all rooms are listed', everything(), ({ rooms }) => joined.every((id) => rooms[id]));
  assert.ok(seen.lists.all.count >= joined.length, `${seen.lists.all.count} rooms are counted, ${joined.length} are joined`);
  assert.ok(joined.every((id) => seen.rooms[id].initial), 'every room comes as initial');

  const [room] = joined;
  await demo.order('send', { room, sender: account.userId, body: 'Tea is ready' });
  await syncUntil(page, 'the message arrives', { ...everything(), pos: seen.pos }, ({ rooms }) => bodies(rooms[room]).includes('Tea is ready'));
  assert.deepEqual(page.log.filter((line) => line.startsWith('uncaught')), []);
});

test('after a reload the list comes from disk while the homeserver is down, and the connection goes on', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, account);
  await complete(page);
  const before = await syncUntil(page, 'the list is there', everything(), ({ rooms }) => Object.keys(rooms).length >= 50);
  // Sending its pos confirms what came.
  const confirmed = (await sync(page, { ...everything(), pos: before.pos })).value;

  await demo.kill();
  await reload(page);
  assert.equal((await open(page, account)).error, undefined);
  const fresh = await sync(page, everything({ conn_id: 'fresh' }));
  assert.equal(Object.keys(fresh.value.rooms).length, Object.keys(before.rooms).length, 'a new connection gets every room');
  const next = await sync(page, { ...everything(), pos: confirmed.pos });
  assert.equal(next.error, undefined);
  assert.deepEqual(Object.keys(next.value.rooms), [], 'the old connection has them already');
  await page.waitForFunction(() => window.engines.main.status.state === 'offline', undefined, { timeout: 30_000 });
});

test('an explanation says where a room stands and what was sent of it, and takes nothing along', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, account);
  await complete(page);
  const explain = (room, options) => page.evaluate(([room, options]) => window.outcome(window.engines.main.explain(room, options)), [room, options]);
  const window = { lists: { all: { ...ROOM, range: [0, 4] } }, conn_id: 'list' };
  const first = (await sync(page, window)).value;
  const whole = (await sync(page, everything())).value;
  const inside = Object.keys(first.rooms).find((id) => first.rooms[id].membership === 'join');
  const outside = Object.keys(whole.rooms).find((id) => !first.rooms[id] && whole.rooms[id].membership === 'join');

  const far = (await explain(outside, { connId: 'list' })).value;
  assert.deepEqual([far.known, far.room.membership, far.account.phase, far.connections.length], [true, 'join', 'complete', 1]);
  const [connection] = far.connections;
  assert.equal(connection.lists.all.in_window, false);
  assert.ok(connection.lists.all.index > 4 && connection.lists.all.before.room_id, JSON.stringify(connection.lists));
  assert.deepEqual([connection.confirmed, connection.unconfirmed, connection.last_sent_at, connection.next], [null, null, null, null]);
  const place = `in list \`all\` at index ${connection.lists.all.index} of ${first.lists.all.count}, outside of the window [0, 4]`;
  assert.ok(connection.because.includes(place), JSON.stringify(connection.because));
  assert.deepEqual((await explain(outside)).value.connections.map(({ conn_id }) => conn_id).sort(), ['', 'list'], 'all connections');

  const near = (await explain(inside, { connId: 'list' })).value.connections[0];
  assert.deepEqual([near.lists.all.in_window, near.confirmed, near.next.says_something], [true, null, false]);
  assert.ok(near.unconfirmed.up_to > 0 && near.last_sent_at === near.answered_at, JSON.stringify(near));
  await demo.order('send', { room: inside, sender: account.userId, body: 'after the explanation' });
  await eventually('what is new is foretold', async () => (await explain(inside, { connId: 'list' })).value.connections[0].next.room?.timeline === 1);
  const next = (await sync(page, { ...window, pos: first.pos })).value;
  assert.deepEqual(bodies(next.rooms[inside]), ['after the explanation'], 'and comes all the same');

  assert.equal((await explain('!nowhere:example.org')).value.known, false);
  assert.equal((await explain('nowhere')).error?.errcode, 'M_INVALID_PARAM');
});

test('an aborted long poll takes nothing along', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, account);
  await complete(page);
  const seen = await syncUntil(page, 'the list is there', everything(), ({ rooms }) => Object.keys(rooms).length >= 50);
  const parked = await page.evaluate(async (request) => {
    const abort = new AbortController();
    const call = window.outcome(window.engines.main.sync(request, { signal: abort.signal }));
    setTimeout(() => abort.abort(), 200);
    return call;
  }, { ...everything(), pos: seen.pos, timeout: 30_000 });
  assert.equal(parked.error?.name, 'AbortError');
  const [room] = Object.keys(seen.rooms);
  await demo.order('send', { room, sender: account.userId, body: 'after the abort' });
  await syncUntil(page, 'the message arrives at the same pos', { ...everything(), pos: seen.pos }, ({ rooms }) => bodies(rooms[room]).includes('after the abort'));
});

test('an expired token is replaced by the one that the app gives', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await page.exposeFunction('newToken', async () => (await demo.logIn('demo', account.deviceId)).accessToken);
  await page.evaluate(async (account) => {
    window.asked = 0;
    window.states = [];
    const onTokenExpired = () => ((window.asked += 1), window.newToken());
    window.engines.main = await window.sash.openSash({ ...account, onTokenExpired });
    window.engines.main.addEventListener('status', ({ detail }) => window.states.push(detail.state));
  }, account);
  await complete(page);
  await demo.order('expire_token', { user: account.userId, device: account.deviceId, soft_logout: true });
  await demo.order('account_data', { user: account.userId, type: 'test.wake', content: {} });
  await page.waitForFunction(() => window.states.includes('token-expired') && window.engines.main.status.state === 'live', undefined, { timeout: 60_000 });
  assert.equal(await page.evaluate(() => window.asked), 1);
});

test('a token that an SDK has renewed reaches the engine through its fetch', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, account);
  await complete(page);
  await demo.order('expire_token', { user: account.userId, device: account.deviceId, soft_logout: true });
  await page.waitForFunction(() => window.engines.main.status.state === 'token-expired', undefined, { timeout: 60_000 });
  const request = (token) =>
    page.evaluate(
      async ([url, token]) => {
        const response = await window.engines.main.fetch(url, { method: 'POST', body: '{}', headers: { authorization: `Bearer ${token}` } });
        return [response.status, (await response.json()).errcode];
      },
      [`${demo.url}/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0`, token],
    );
  assert.deepEqual(await request(account.accessToken), [401, 'M_UNKNOWN_TOKEN']);
  const stranger = await demo.logIn('alice');
  assert.deepEqual(await request(stranger.accessToken), [403, 'M_FORBIDDEN'], "another user's token is not taken");
  const { accessToken } = await demo.logIn('demo', account.deviceId);
  await request(accessToken);
  await page.waitForFunction(() => window.engines.main.status.state === 'live', undefined, { timeout: 60_000 });
  assert.deepEqual(await request(accessToken), [200, undefined]);
});

test('the drop-in fetch lists what is served, refuses v2 sync, and passes on the rest', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, account);
  const get = (path) =>
    page.evaluate(
      async ([url, token]) => {
        const response = await window.engines.main.fetch(url, { headers: { authorization: `Bearer ${token}` } });
        return { status: response.status, body: await response.json() };
      },
      [demo.url + path, account.accessToken],
    );
  assert.equal((await get('/_matrix/client/versions')).body.unstable_features['org.matrix.simplified_msc3575'], true);
  const refused = await get('/_matrix/client/v3/sync?timeout=0');
  assert.deepEqual([refused.status, refused.body.errcode], [400, 'M_FORBIDDEN']);
  assert.equal((await get('/_matrix/client/v3/account/whoami')).body.user_id, account.userId);
});

test('logging out leaves nothing of the account behind', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  const databases = () => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  await open(page, account);
  await complete(page);
  assert.ok((await databases()).some((name) => name.includes(account.userId)), `${await databases()}`);
  await page.evaluate(() => window.engines.main.logout());
  assert.deepEqual((await databases()).filter((name) => name.includes(account.userId)), []);
  assert.equal(await page.evaluate(() => window.engines.main.status.state), 'closed');
});

test('a worker that is killed while it takes in to-device messages loses none and doubles none', async (t) => {
  const demo = await demoScene(t);
  const account = await demo.logIn();
  const { newTab } = await engineScene(t);
  const page = await newTab();
  const received = [];
  let since;
  let sent = 0;
  const COUNT = 20;
  for (let round = 0; round < 5; round += 1) {
    await page.evaluate(async (account) => {
      window.worker = new Worker('/worker.js', { type: 'module' });
      window.engines.main = await window.sash.openSash({ ...account, worker: window.worker });
    }, account);
    await demo.order('send_to_device', { user: account.userId, device: account.deviceId, type: 'test.numbered', content: { round }, count: COUNT });
    sent += COUNT;
    // Somewhere between the poll, the commit and the answer.
    await new Promise((resolve) => setTimeout(resolve, round * 40));
    const answer = await Promise.race([
      sync(page, { extensions: { [TO_DEVICE]: { enabled: true, limit: 7, since } } }),
      new Promise((resolve) => setTimeout(resolve, 30, {})),
    ]);
    take(answer.value?.extensions[TO_DEVICE]);
    await page.evaluate(() => window.worker.terminate());
  }
  await open(page, account);
  await eventually('all messages have arrived', async () => {
    take((await sync(page, { extensions: { [TO_DEVICE]: { enabled: true, limit: 100, since } } })).value?.extensions[TO_DEVICE]);
    return received.length >= sent;
  });
  const expected = Array.from({ length: 5 }, (_, round) => Array.from({ length: COUNT }, () => round)).flat();
  assert.deepEqual(received.map(({ content }) => content.round), expected, 'in order, each once');

  function take(section) {
    if (!section) return;
    received.push(...section.events);
    since = section.next_batch;
  }
});
