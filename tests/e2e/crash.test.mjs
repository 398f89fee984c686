// Crashes in the middle of taking things in: whatever is killed when, the client misses nothing and gets nothing twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { client, startSash, tempDir } from './support/index.mjs';
import { demoScene } from './support/demo.mjs';
import { engineScene } from './support/engine.mjs';
import { ModelClient } from './support/model-client.mjs';
import { Talk } from './support/talk.mjs';

const CRASHES = 12;
/** A crash comes at any time within so many milliseconds after the start: in the bootstrap, in a poll, in a commit, in an answer. */
const WITHIN_MS = 700;

test('kill -9 of the server loses and doubles nothing', async (t) => {
  const demo = await demoScene(t, { rooms: 150 });
  const account = await demo.logIn();
  const talk = await talkTo(demo, account);
  const data = tempDir('data');
  t.after(data.remove);
  let sash = await startSash({ homeserver: demo.url, data: data.path });
  t.after(() => sash.stop());
  const { port } = sash;
  const asDemo = client(sash.url, account.accessToken);
  const model = new ModelClient({ send: (request) => asDemo.post('/_matrix/client/v4/sync', request), messages: pages(demo, account) });
  t.after(() => model.stop());
  t.after(() => talk.stop());

  talk.start();
  model.start();
  const moments = [];
  for (let crash = 0; crash < CRASHES; crash += 1) {
    moments.push(Math.round(Math.random() * WITHIN_MS));
    await sleep(moments.at(-1));
    const { signal } = await sash.kill();
    assert.equal(signal, 'SIGKILL', `it was alive until then:\n${sash.output()}`);
    sash = await startSash({ homeserver: demo.url, data: data.path, port });
  }
  await talk.stop();
  await explain(`killed after ${moments} ms, ${model.exchanges} exchanges, ${model.lost} lost, ${model.gaps} gaps`, () => talk.hasReached(model), () => sash.output());
  assert.ok(model.lost > 0, 'the client noticed the crashes');
});

test("terminating the engine's worker loses and doubles nothing", async (t) => {
  const demo = await demoScene(t, { rooms: 150 });
  const account = await demo.logIn();
  const talk = await talkTo(demo, account);
  const { newTab } = await engineScene(t);
  const page = await newTab();
  const start = () =>
    page.evaluate(async (account) => {
      window.worker = new Worker('/worker.js', { type: 'module' });
      const opening = window.sash.openSash({ ...account, worker: window.worker });
      window.engines.main = undefined;
      window.engines.main = await opening;
    }, account);
  const send = async (request) => {
    const { value, error } = await page.evaluate((request) => (window.engines.main ? window.outcome(window.engines.main.sync(request)) : { error: {} }), request);
    if (value) return value;
    // Without a worker there is no answer; anything else is one.
    throw Object.assign(new Error(error.message), { errcode: error.errcode?.startsWith('SASH_ENGINE') ? undefined : error.errcode });
  };
  const model = new ModelClient({ send, messages: pages(demo, account) });
  t.after(() => model.stop());
  t.after(() => talk.stop());

  await start();
  talk.start();
  model.start();
  const moments = [];
  for (let crash = 0; crash < CRASHES; crash += 1) {
    moments.push(Math.round(Math.random() * WITHIN_MS));
    await sleep(moments.at(-1));
    await page.evaluate(() => window.worker.terminate());
    await start();
  }
  await talk.stop();
  await explain(`terminated after ${moments} ms, ${model.exchanges} exchanges, ${model.lost} lost, ${model.gaps} gaps`, () => talk.hasReached(model), () => page.log.join('\n'));
  assert.ok(model.lost > 0, 'the client noticed the crashes');
});

async function talkTo(demo, account) {
  const { joined_rooms: rooms } = await client(demo.url, account.accessToken).get('/_matrix/client/v3/joined_rooms');
  return new Talk(demo, account, rooms);
}

const pages = (demo, account) => (roomId, from) => client(demo.url, account.accessToken).messages(roomId, { from, limit: 50 });

/** Says in a failure's message what led to it. */
async function explain(circumstances, work, output) {
  try {
    await work();
  } catch (error) {
    const cause = error.cause instanceof Error ? `\n${error.cause.message}` : '';
    error.message = `${circumstances}: ${error.message}${cause}\n\n${output().slice(-4_000)}`;
    throw error;
  }
}
