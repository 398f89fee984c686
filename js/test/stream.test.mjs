// The sync loop: what it sends after what came back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './support/load.mjs';

const { stream, SashError, LimitExceededError, UnknownPosError, TokenExpiredError, ClosedError } = await load('stream', 'errors');

/** A world in which requests are answered by `script`, one entry each: a `pos`, or an error to throw. Sleeping takes no time. */
function world(script, { renewed = true } = {}) {
  const log = { requests: [], slept: [] };
  return {
    log,
    sync: async (request, { signal }) => {
      log.requests.push(request);
      const next = script.shift();
      if (next === undefined) return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
      if (next instanceof Error) throw next;
      return { pos: next };
    },
    tokenRenewed: async () => renewed,
    sleep: async (ms) => void log.slept.push(ms),
    random: () => 1,
  };
}

/** Takes `count` answers and leaves the loop. */
async function take(count, host, configure = () => ({})) {
  const positions = [];
  for await (const { pos } of stream(host, configure)) {
    positions.push(pos);
    if (positions.length === count) break;
  }
  return positions;
}

const failure = (status) => new SashError('M_UNKNOWN', 'failed', { status });

test('each request carries the pos of the answer before it, and waits for news', async () => {
  const host = world(['a', 'b', 'c']);
  assert.deepEqual(await take(3, host, ({ pos }) => ({ lists: { seen: pos ?? null } })), ['a', 'b', 'c']);
  assert.deepEqual(host.log.requests, [
    { timeout: 30_000, lists: { seen: null }, pos: undefined },
    { timeout: 30_000, lists: { seen: 'a' }, pos: 'a' },
    { timeout: 30_000, lists: { seen: 'b' }, pos: 'b' },
  ]);
});

test('the timeout of the request wins', async () => {
  const host = world(['a']);
  await take(1, host, () => ({ timeout: 5 }));
  assert.equal(host.log.requests[0].timeout, 5);
});

test('a failure is waited out for longer each time, with the same pos', async () => {
  const host = world(['a', failure(500), failure(503), failure(500), 'b', failure(500), 'c']);
  await take(3, host);
  assert.deepEqual(host.log.requests.map(({ pos }) => pos), [undefined, 'a', 'a', 'a', 'a', 'b', 'b']);
  assert.deepEqual(host.log.slept, [500, 1000, 2000, 500]);
});

test('the pause never exceeds half a minute', async () => {
  const host = world([...Array.from({ length: 12 }, () => failure(500)), 'a']);
  await take(1, host);
  assert.equal(Math.max(...host.log.slept), 30_000);
});

test('a superseded request waits as long as it was told', async () => {
  const host = world([new LimitExceededError('M_LIMIT_EXCEEDED', 'superseded', { status: 429, retryAfterMs: 1000 }), 'a']);
  await take(1, host);
  assert.deepEqual(host.log.slept, [1000]);
});

test('a forgotten connection is begun anew at once', async () => {
  const host = world(['a', new UnknownPosError('M_UNKNOWN_POS', 'expired', { status: 400 }), 'b']);
  assert.deepEqual(await take(2, host), ['a', 'b']);
  assert.deepEqual(host.log.requests.map(({ pos }) => pos), [undefined, 'a', undefined]);
  assert.deepEqual(host.log.slept, []);
});

test('an expired token is waited for', async () => {
  const host = world(['a', new TokenExpiredError('expired', false), 'b']);
  assert.deepEqual(await take(2, host), ['a', 'b']);
  assert.deepEqual(host.log.requests.map(({ pos }) => pos), [undefined, 'a', 'a']);
});

test('without a new token the loop ends with the error', async () => {
  const host = world([new TokenExpiredError('expired', false)], { renewed: false });
  await assert.rejects(take(1, host), TokenExpiredError);
});

test('what trying again does not cure is thrown', async () => {
  for (const error of [new ClosedError('SASH_CLOSED', 'closed'), failure(400), new TypeError('a mistake in the request')]) {
    await assert.rejects(take(1, world([error])), error);
  }
});

test('an abort ends the loop, while waiting for news and while waiting for a token', async () => {
  const abort = new AbortController();
  const parked = stream(world(['a']), () => ({}), abort.signal);
  await parked.next();
  const next = parked.next();
  setTimeout(() => abort.abort(), 5);
  await assert.rejects(next, { name: 'AbortError' });

  const second = new AbortController();
  const host = { ...world([new TokenExpiredError('expired', false)]), tokenRenewed: () => new Promise(() => {}) };
  const waiting = stream(host, () => ({}), second.signal).next();
  setTimeout(() => second.abort(), 5);
  await assert.rejects(waiting, { name: 'AbortError' });
});
