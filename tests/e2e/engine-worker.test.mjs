// The engine's worker: what a page sees when it begins, is shared, fails and ends. No homeserver is needed for any of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineScene, open, reload, sync } from './support/engine.mjs';

const ACCOUNT = { homeserver: 'http://127.0.0.1:9', userId: '@alice:nowhere.example', deviceId: 'DEVICE', accessToken: 'secret' };

test('the engine opens without its homeserver', async (t) => {
  const { newTab } = await engineScene(t);
  const page = await newTab();
  const { value, error } = await open(page, ACCOUNT);
  assert.equal(error, undefined);
  assert.ok(value < 5000, `it took ${value} ms`);
  assert.deepEqual(page.log.filter((line) => line.startsWith('uncaught')), []);
});

test('a second tab is told that the account is in use, and gets it when the first is gone', async (t) => {
  const { newTab } = await engineScene(t);
  const [first, second] = [await newTab(), await newTab()];
  await open(first, ACCOUNT);
  const { error } = await open(second, ACCOUNT);
  assert.equal(error?.name, 'AccountInUseError');
  assert.equal(error.errcode, 'SASH_ACCOUNT_IN_USE');
  assert.equal((await open(second, { ...ACCOUNT, userId: '@bob:nowhere.example' }, { name: 'bob' })).error, undefined, 'another account opens beside it');

  await first.close();
  assert.equal((await open(second, ACCOUNT)).error, undefined);
});

test('a reloaded page gets its account back', async (t) => {
  const { newTab } = await engineScene(t);
  const page = await newTab();
  for (let round = 0; round < 3; round += 1) {
    assert.equal((await open(page, ACCOUNT)).error, undefined);
    await reload(page);
  }
});

test('a page that closes its engine may open it again', async (t) => {
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, ACCOUNT);
  await page.evaluate(() => window.engines.main.close());
  assert.equal(await page.evaluate(() => window.engines.main.status.state), 'closed');
  assert.equal((await sync(page, {})).error.name, 'ClosedError');
  assert.equal((await open(page, ACCOUNT)).error, undefined);
});

test('when the worker is terminated, waiting and later calls say so, and the account is free', async (t) => {
  const { newTab } = await engineScene(t);
  const page = await newTab();
  const seen = await page.evaluate(async (account) => {
    const worker = new Worker('/worker.js', { type: 'module' });
    const engine = await window.sash.openSash({ ...account, worker });
    const states = [];
    engine.addEventListener('status', ({ detail }) => states.push(detail.state));
    // It was given no time to answer this.
    const waiting = window.outcome(engine.sync({ lists: {}, timeout: 0 }));
    worker.terminate();
    return { waiting: await waiting, later: await window.outcome(engine.sync({})), states, state: engine.status.state };
  }, ACCOUNT);
  assert.equal(seen.waiting.error.name, 'EngineFailedError');
  assert.equal(seen.later.error.name, 'EngineFailedError');
  assert.equal(seen.state, 'failed');
  assert.equal(seen.states.at(-1), 'failed');
  assert.equal((await open(page, ACCOUNT)).error, undefined);
});

test('files that cannot be loaded are named, options that cannot be used refused', async (t) => {
  const { newTab } = await engineScene(t);
  const page = await newTab();
  assert.equal((await open(page, ACCOUNT, { workerUrl: '/nothing.js' })).error.name, 'EngineFailedError');
  const { error } = await open(page, ACCOUNT, { wasmUrl: '/nothing.wasm' });
  assert.equal(error.name, 'EngineFailedError');
  assert.match(error.message, /nothing\.wasm/);
  for (const wrong of [{ homeserver: 'example.org' }, { userId: 'alice' }, { userId: '' }, { deviceId: undefined }, { accessToken: '' }]) {
    assert.equal((await open(page, { ...ACCOUNT, ...wrong })).error?.errcode, 'SASH_CONFIG', JSON.stringify(wrong));
  }
  assert.equal((await open(page, ACCOUNT)).error, undefined, 'a failed attempt leaves nothing behind');
});

test('an aborted request rejects at once, as fetch does', async (t) => {
  const { newTab } = await engineScene(t);
  const page = await newTab();
  await open(page, ACCOUNT);
  const { error } = await page.evaluate(() => {
    const abort = new AbortController();
    const call = window.outcome(window.engines.main.sync({ timeout: 60_000 }, { signal: abort.signal }));
    abort.abort();
    return call;
  });
  assert.equal(error.name, 'AbortError');
});
