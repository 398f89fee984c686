// The page's end of the worker: whatever happens to the worker, every call settles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './support/load.mjs';

const { Link, PROTOCOL, AccountInUseError, EngineFailedError, StorageError, ClosedError } = await load('link', 'messages', 'errors');

const ACCOUNT = { homeserver: 'https://hs.example', userId: '@a:hs.example', deviceId: 'DEVICE', accessToken: 'secret' };

/** A link to a worker that does nothing by itself: `say` speaks for it, `die` gives its lock away. */
function scene() {
  const listeners = { message: [], error: [], messageerror: [] };
  const seen = { sent: [], terminated: 0, statuses: [], lost: [] };
  const worker = {
    postMessage: (message, transfer = []) => seen.sent.push(transfer.length > 0 ? structuredClone(message, { transfer }) : message),
    terminate: () => (seen.terminated += 1),
    addEventListener: (type, listener) => listeners[type].push(listener),
  };
  let granted;
  const locks = {
    request: (name, { signal }, callback) => {
      seen.lock = name;
      granted = callback;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  };
  const link = new Link({ worker, locks, onStatus: (status) => seen.statuses.push(status), onLost: (error) => seen.lost.push(error) });
  const emit = (type, event) => listeners[type].forEach((listener) => listener(event));
  return { link, seen, say: (data) => emit('message', { data }), error: (event) => emit('error', event), die: () => granted() };
}

const bytes = (text) => new TextEncoder().encode(text).buffer;

test('opening says which messages the page speaks, and which lock the worker shall hold', async () => {
  const { link, seen, say } = scene();
  const opening = link.open(ACCOUNT, 'https://cdn.example/engine.wasm');
  const [{ id, alive, ...open }] = seen.sent;
  assert.deepEqual(open, { type: 'open', protocol: PROTOCOL, account: ACCOUNT, wasmUrl: 'https://cdn.example/engine.wasm' });
  assert.match(alive, /^sash:alive:/);
  say({ type: 'alive' });
  assert.equal(seen.lock, alive);
  say({ type: 'done', id });
  assert.equal(await opening, undefined);
});

test('an account that cannot be opened rejects with what the worker said', async () => {
  for (const [errcode, type] of [['SASH_ACCOUNT_IN_USE', AccountInUseError], ['SASH_STORAGE_QUOTA', StorageError], ['SASH_ENGINE_FAILED', EngineFailedError]]) {
    const { link, seen, say } = scene();
    const opening = link.open(ACCOUNT);
    say({ type: 'error', id: seen.sent[0].id, errcode, message: 'because' });
    await assert.rejects(opening, (error) => error instanceof type && error.errcode === errcode && error.message === 'because' && error.name === type.name);
  }
});

test('answers find their requests, in whatever order they come', async () => {
  const { link, seen, say } = scene();
  const calls = [link.sync('v4', '', bytes('1')), link.sync('simplified', 'pos=2', bytes('2'))];
  assert.deepEqual(seen.sent.map(({ type, wire, query }) => ({ type, wire, query })), [
    { type: 'sync', wire: 'v4', query: '' },
    { type: 'sync', wire: 'simplified', query: 'pos=2' },
  ]);
  const [first, second] = seen.sent.map(({ id }) => id);
  say({ type: 'answer', id: second, status: 400, body: bytes('b') });
  say({ type: 'answer', id: first, status: 200, body: bytes('a') });
  assert.deepEqual((await Promise.all(calls)).map(({ status }) => status), [200, 400]);
});

test('the body is transferred, not copied', () => {
  const { link } = scene();
  const body = bytes('{}');
  void link.sync('v4', '', body);
  assert.equal(body.byteLength, 0);
});

test('an abort reaches the worker, and a late answer is nobody’s', async () => {
  const { link, seen, say } = scene();
  const abort = new AbortController();
  const call = link.sync('v4', '', bytes('{}'), abort.signal);
  abort.abort();
  await assert.rejects(call, { name: 'AbortError' });
  const [{ id }, message] = seen.sent;
  assert.deepEqual(message, { type: 'abort', id });
  say({ type: 'answer', id, status: 200, body: bytes('{}') });
});

test('an abort after the answer sends nothing', async () => {
  const { link, seen, say } = scene();
  const abort = new AbortController();
  const call = link.sync('v4', '', bytes('{}'), abort.signal);
  say({ type: 'answer', id: seen.sent[0].id, status: 200, body: bytes('{}') });
  await call;
  abort.abort();
  assert.equal(seen.sent.length, 1);
});

test('a request that is aborted already never leaves', async () => {
  const { link, seen } = scene();
  await assert.rejects(link.sync('v4', '', bytes('{}'), AbortSignal.abort()), { name: 'AbortError' });
  assert.deepEqual(seen.sent, []);
});

const ends = {
  'the engine fails': ({ say }) => say({ type: 'failed', message: 'panicked at src/…' }),
  'the worker cannot be loaded': ({ error }) => error({}),
  'the worker throws': ({ error }) => error({ message: 'boom' }),
  'the worker is terminated': ({ die }) => void die(),
};
for (const [what, happen] of Object.entries(ends)) {
  test(`when ${what}, pending and later calls reject, once and for all`, async () => {
    const stage = scene();
    const { link, seen, say } = stage;
    say({ type: 'alive' });
    const pending = [link.sync('v4', '', bytes('{}')), link.v2Token('1/s1_1_1'), link.stop()];
    happen(stage);
    for (const call of pending) await assert.rejects(call, EngineFailedError);
    await assert.rejects(link.sync('v4', '', bytes('{}')), EngineFailedError);
    assert.equal(seen.terminated, 1);
    assert.equal(seen.lost.length, 1);
    happen(stage);
    assert.equal(seen.lost.length, 1, 'it is lost once');
  });
}

test('after the end that the page wanted, nothing is reported as lost', async () => {
  const { link, seen, say } = scene();
  say({ type: 'alive' });
  const pending = link.sync('v4', '', bytes('{}'));
  link.end(new ClosedError('SASH_CLOSED', 'closed'));
  await assert.rejects(pending, ClosedError);
  say({ type: 'status', status: { state: 'live' } });
  link.setToken('late');
  assert.deepEqual([seen.lost, seen.statuses, seen.sent.filter(({ type }) => type === 'set-token')], [[], [], []]);
  assert.equal(seen.terminated, 1);
});
