// The drop-in fetch: what it answers itself, what it changes on the way, and what it leaves alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './support/load.mjs';

const { createFetch, ClosedError, TokenExpiredError } = await load('fetch', 'errors');

const HOMESERVER = 'https://hs.example/base';
const SIMPLIFIED = `${HOMESERVER}/_matrix/client/unstable/org.matrix.simplified_msc3575/sync`;
const V4 = `${HOMESERVER}/_matrix/client/v4/sync`;
const AUTH = { authorization: 'Bearer secret' };

/** A drop-in whose engine and network answer by these functions; what reached them is recorded. */
function scene({ answer = () => ({ status: 200, body: '{"pos":"1"}' }), network = () => new Response('{}'), owner = 'ours', v2Token = () => undefined } = {}) {
  const seen = { engine: [], network: [], tokens: [], forgotten: [], logouts: 0 };
  const sashFetch = createFetch({
    homeserver: `${HOMESERVER}/`,
    fetch: async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      seen.network.push({ url, input, init });
      return network(url);
    },
    answer: async (wire, query, body, signal) => {
      seen.engine.push({ wire, query, body: new TextDecoder().decode(body) });
      const { status, body: text } = await answer(signal);
      return { status, body: new TextEncoder().encode(text).buffer };
    },
    v2Token: async (pos, before) => v2Token(pos, before),
    tokenSeen: async (token) => {
      seen.tokens.push(token);
      return owner;
    },
    forgotten: (roomId) => seen.forgotten.push(roomId),
    loggedOut: () => (seen.logouts += 1),
  });
  return { sashFetch, seen };
}

test('a sliding sync request is answered by the engine, on both wires', async () => {
  const { sashFetch, seen } = scene();
  const response = await sashFetch(`${SIMPLIFIED}?timeout=30000&pos=5`, { method: 'POST', body: '{"lists":{}}', headers: AUTH });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.deepEqual(await response.json(), { pos: '1' });
  await sashFetch(V4, { method: 'post', body: '{}', headers: AUTH });
  assert.deepEqual(seen.engine, [
    { wire: 'simplified', query: 'timeout=30000&pos=5', body: '{"lists":{}}' },
    { wire: 'v4', query: '', body: '{}' },
  ]);
  assert.deepEqual(seen.network, []);
});

test('a body may be of any kind that fetch takes', async () => {
  const { sashFetch, seen } = scene();
  const bytes = new TextEncoder().encode('{"a":1}');
  const stream = new Blob([bytes]).stream();
  for (const body of ['{"a":1}', bytes, bytes.buffer, new Blob([bytes]), stream]) await sashFetch(V4, { method: 'POST', body, headers: AUTH });
  await sashFetch(new Request(V4, { method: 'POST', body: '{"a":1}', headers: AUTH }));
  await sashFetch(new Request(V4, { method: 'POST', body: 'replaced', headers: AUTH }), { body: '{"a":1}' });
  await sashFetch(new URL(V4), { method: 'POST', body: '{"a":1}', headers: new Headers(AUTH) });
  assert.equal(seen.engine.length, 8);
  assert.ok(seen.engine.every(({ body }) => body === '{"a":1}'), JSON.stringify(seen.engine));
  assert.ok(seen.tokens.every((token) => token === 'secret'));
});

test('a sliding sync URL of its own leads to the engine too', async () => {
  const { sashFetch, seen } = scene();
  await sashFetch('https://engine.invalid/_matrix/client/unstable/org.matrix.simplified_msc3575/sync', { method: 'POST', body: '{}', headers: AUTH });
  assert.equal(seen.engine.length, 1);
});

test('what is not for the homeserver goes through untouched', async () => {
  const { sashFetch, seen } = scene();
  const init = { method: 'POST', body: 'x', headers: AUTH };
  const elsewhere = ['https://other.example/_matrix/client/v4/sync', 'https://hs.example/_matrix/client/v4/sync', 'https://cdn.example/app.js', `${HOMESERVER}/other`];
  for (const url of elsewhere) await sashFetch(url, init);
  assert.deepEqual(seen.network.map(({ input }) => input), elsewhere);
  assert.ok(seen.network.every((call) => call.init === init), 'the same init object');
  assert.deepEqual(seen.engine, []);
  assert.deepEqual(seen.tokens, [], "another server's token is none of ours");
});

test("an error of the engine is answered as a homeserver's would be", async () => {
  const body = '{"errcode":"M_UNKNOWN_POS","error":"expired"}';
  const unknown = scene({ answer: () => ({ status: 400, body }) });
  const response = await unknown.sashFetch(V4, { method: 'POST', body: '{}', headers: AUTH });
  assert.equal(response.status, 400);
  assert.equal(await response.text(), body);

  const closed = scene({ answer: () => Promise.reject(new ClosedError('SASH_CLOSED', 'closed')) });
  const refused = await closed.sashFetch(V4, { method: 'POST', body: '{}', headers: AUTH });
  assert.equal(refused.status, 503);
  assert.deepEqual(await refused.json(), { errcode: 'SASH_CLOSED', error: 'closed' });

  const expired = scene({ answer: () => Promise.reject(new TokenExpiredError('expired', true)) });
  const unauthorised = await expired.sashFetch(V4, { method: 'POST', body: '{}', headers: AUTH });
  assert.equal(unauthorised.status, 401);
  assert.deepEqual(await unauthorised.json(), { errcode: 'M_UNKNOWN_TOKEN', error: 'expired', soft_logout: true });
});

test('a room that the homeserver forgets is forgotten', async () => {
  const refused = scene({ network: () => new Response('{}', { status: 400 }) });
  const url = `${HOMESERVER}/_matrix/client/v3/rooms/${encodeURIComponent('!a:x')}/forget`;
  await refused.sashFetch(url, { method: 'POST', body: '{}', headers: AUTH });
  assert.deepEqual(refused.seen.forgotten, [], 'the user is still in it');
  const { sashFetch, seen } = scene();
  await sashFetch(url, { method: 'POST', body: '{}', headers: AUTH });
  assert.deepEqual(seen.forgotten, ['!a:x']);
});

test('an aborted request rejects as fetch does', async () => {
  const { sashFetch, seen } = scene({ answer: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) });
  const early = AbortSignal.abort();
  await assert.rejects(sashFetch(V4, { method: 'POST', body: '{}', headers: AUTH, signal: early }), { name: 'AbortError' });
  assert.deepEqual(seen.engine, [], 'the engine is not asked');

  const abort = new AbortController();
  const waiting = sashFetch(V4, { method: 'POST', body: '{}', headers: AUTH, signal: abort.signal });
  setTimeout(() => abort.abort(), 5);
  await assert.rejects(waiting, { name: 'AbortError' });
});

test('without a token, or with the token of somebody else, the engine is not asked', async () => {
  const { sashFetch, seen } = scene({ owner: 'other' });
  assert.equal((await sashFetch(V4, { method: 'POST', body: '{}' })).status, 401);
  const foreign = await sashFetch(V4, { method: 'POST', body: '{}', headers: { authorization: 'Bearer theirs' } });
  assert.equal(foreign.status, 403);
  assert.equal((await foreign.json()).errcode, 'M_FORBIDDEN');
  assert.deepEqual(seen.engine, []);
});

test('/versions says what we serve', async () => {
  const versions = { versions: ['v1.11'], unstable_features: { 'org.matrix.msc4306': true, 'org.matrix.msc3575': false } };
  const { sashFetch } = scene({ network: () => Response.json(versions, { headers: { 'x-kept': 'yes', 'content-encoding': 'gzip' } }) });
  const response = await sashFetch(`${HOMESERVER}/_matrix/client/versions`);
  const { versions: list, unstable_features: features } = await response.json();
  assert.deepEqual(list, ['v1.11']);
  assert.equal(features['org.matrix.simplified_msc3575'], true);
  assert.equal(features['org.matrix.msc3575'], false);
  assert.ok(!('org.matrix.msc4306' in features), 'thread subscriptions page by a pos that is not ours');
  assert.equal(response.headers.get('x-kept'), 'yes');
  assert.equal(response.headers.get('content-encoding'), null, 'the body is not compressed any more');
});

test('/versions that is not what it should be goes through as it is', async () => {
  for (const body of ['<html>', '[]', 'null', '']) {
    const { sashFetch } = scene({ network: () => new Response(body) });
    assert.equal(await (await sashFetch(`${HOMESERVER}/_matrix/client/versions`)).text(), body);
  }
  const { sashFetch } = scene({ network: () => new Response('{}', { status: 502 }) });
  const failed = await sashFetch(`${HOMESERVER}/_matrix/client/versions`);
  assert.equal(failed.status, 502);
  assert.equal(await failed.text(), '{}');
});

test('v2 sync of the device is refused, with the reason', async () => {
  const { sashFetch, seen } = scene();
  for (const version of ['v3', 'r0']) {
    const response = await sashFetch(`${HOMESERVER}/_matrix/client/${version}/sync?since=s1`, { headers: AUTH });
    assert.equal(response.status, 400);
    const { errcode, error } = await response.json();
    assert.equal(errcode, 'M_FORBIDDEN');
    assert.match(error, /to-device/);
  }
  assert.deepEqual(seen.network, []);
});

test('a pos of ours becomes a v2 token on its way, and what is foreign stays', async () => {
  const { sashFetch, seen } = scene({ v2Token: (pos) => (pos === '3/s41_2_99' ? 's72594' : undefined) });
  const room = `${HOMESERVER}/_matrix/client/v3/rooms/!a%3Ab/messages`;
  await sashFetch(`${room}?dir=b&from=3%2Fs41_2_99&limit=10`, { headers: AUTH });
  await sashFetch(new Request(`${HOMESERVER}/_matrix/client/v3/keys/changes?from=3/s41_2_99&to=3/s41_2_99`, { headers: AUTH }));
  await sashFetch(`${HOMESERVER}/_matrix/client/v1/rooms/!a:b/relations/$e?from=9/s1_1_1_5`, { headers: AUTH });
  await sashFetch(`${room}?from=t47409-4357353_219380`, { headers: AUTH });
  const queries = seen.network.map(({ url }) => new URL(url).search);
  assert.deepEqual(queries, ['?dir=b&from=s72594&limit=10', '?from=s72594&to=s72594', '?from=9/s1_1_1_5', '?from=t47409-4357353_219380']);
  assert.equal(seen.network[0].init.headers, AUTH, 'the rest of the request is as it was');
  assert.equal(seen.network[1].input.headers.get('authorization'), 'Bearer secret');
});

test('a pos that stands for no place any more is answered as unknown, wherever it stands', async () => {
  const { sashFetch, seen } = scene();
  for (const path of ['v3/rooms/!a:b/messages', 'v1/rooms/!a:b/relations/$e/m.thread', 'v3/keys/changes']) {
    for (const name of ['from', 'to']) {
      const response = await sashFetch(`${HOMESERVER}/_matrix/client/${path}?${name}=9/s1_1_1`, { headers: AUTH });
      assert.equal(response.status, 400, `${path} ${name}`);
      assert.deepEqual(await response.json(), { errcode: 'M_UNKNOWN_POS', error: `${name}: this pos stands for no place any more` });
    }
  }
  assert.deepEqual(seen.network, []);
  const closed = scene({ v2Token: () => Promise.reject(new ClosedError('SASH_CLOSED', 'closed')) });
  const refused = await closed.sashFetch(`${HOMESERVER}/_matrix/client/v3/keys/changes?from=9/s1_1_1`, { headers: AUTH });
  assert.equal(refused.status, 503);
});

test('where a pos lies between two tokens, the one is taken that shows more', async () => {
  const sides = [];
  const { sashFetch } = scene({ v2Token: (pos, before) => (sides.push(before), 's1') });
  const messages = `${HOMESERVER}/_matrix/client/v3/rooms/!a:b/messages`;
  for (const url of [`${messages}?dir=b&from=3/s41_2_99&to=3/s41_2_99`, `${messages}?dir=f&from=3/s41_2_99&to=3/s41_2_99`]) await sashFetch(url, { headers: AUTH });
  await sashFetch(`${HOMESERVER}/_matrix/client/v3/keys/changes?from=3/s41_2_99&to=3/s41_2_99`, { headers: AUTH });
  assert.deepEqual(sides, [false, true, true, false, true, false], 'from and to: back, forth, device lists');
});

test('tokens that the homeserver took are noted, refused ones are not', async () => {
  const { sashFetch, seen } = scene({ network: (url) => new Response('{}', { status: url.includes('refused') ? 401 : 200 }) });
  await sashFetch(`${HOMESERVER}/_matrix/client/v3/pushrules/`, { headers: { Authorization: 'Bearer new' } });
  await sashFetch(`${HOMESERVER}/_matrix/client/v3/devices?access_token=in-query`);
  await sashFetch(`${HOMESERVER}/_matrix/client/v3/refused`, { headers: { Authorization: 'Bearer old' } });
  assert.deepEqual(seen.tokens, ['new', 'in-query']);
});

test('a logout that succeeds ends polling', async () => {
  const { sashFetch, seen } = scene({ network: (url) => new Response('{}', { status: url.endsWith('all') ? 500 : 200 }) });
  await sashFetch(`${HOMESERVER}/_matrix/client/v3/logout/all`, { method: 'POST', headers: AUTH });
  assert.equal(seen.logouts, 0);
  await sashFetch(`${HOMESERVER}/_matrix/client/v3/logout`, { method: 'POST', headers: AUTH });
  assert.equal(seen.logouts, 1);
});
