// matrix-js-sdk's encryption, as Element Web uses it, on a real homeserver: every message is decrypted, whatever is killed when, and whoever is away while keys are sent.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { client, eventually, startSash, startSynapse, tempDir } from './support/index.mjs';
import { leave, sdkPage, start, startOnEngine } from './support/js-sdk.mjs';
import { withPicture } from './support/picture.mjs';
import { steps } from './support/steps.mjs';

/** After each the SDK pauses for five seconds. */
const CRASHES = process.env.SASH_FULL ? 12 : 3;
/** A crash comes within so many milliseconds after a message is sent: before its key, between the two, after both, or when they have arrived. */
const WITHIN_MS = 500;
/** Messages that are missed, each with a key of its own. */
const MISSED = 6;
const CRYPTO = { crypto: true };
const MINUTES = 60_000;

let synapse;
before(async () => void (synapse = await startSynapse()));
after(() => synapse?.stop());

test('on the engine the SDK decrypts every message, whenever the worker is terminated and while the page is closed', { timeout: 6 * MINUTES }, async (t) => {
  const scene = await makeScene(t, 'engine');
  const { page, alice } = scene;
  const crash = () => page.evaluate(() => window.engineWorker.terminate());
  await exchange(t, scene, { startAlice: () => startOnEngine(page, alice, synapse.url, CRYPTO), crash, crashAway: () => {} });
});

test('on the server the SDK decrypts every message, whenever that is killed and while the page is closed', { timeout: 6 * MINUTES }, async (t) => {
  const scene = await makeScene(t, 'server');
  const { page, alice, asAlice } = scene;
  const data = tempDir('data');
  t.after(data.remove);
  let sash = await startSash({ homeserver: synapse.url, data: data.path });
  t.after(() => sash.stop());
  const { url, port } = sash;
  const crash = async () => {
    await sash.kill();
    sash = await startSash({ homeserver: synapse.url, data: data.path, port });
  };
  let asked = 0;
  /** What Synapse still has for Alice's device. A `/sync` without `since` takes nothing away; one with a filter of its own is not answered from a cache. */
  const waiting = async () => {
    const filter = JSON.stringify({ room: { rooms: [], timeline: { limit: (asked += 1) } } });
    return (await asAlice.sync({ timeout: 0, filter })).to_device?.events.length ?? 0;
  };
  const crashAway = async () => {
    await eventually('the server has the keys, and nobody else', async () => (await waiting()) === 0);
    await crash();
  };
  await exchange(t, scene, { startAlice: () => start(page, alice, url, CRYPTO), crash, crashAway });
});

/** Alice and Bob write to each other. He syncs with the homeserver itself; what she syncs with comes from `startAlice`, is killed by `crash`, and by `crashAway` while she is away. */
async function exchange(t, { page, theirs, alice, bob, asBob, roomId }, { startAlice, crash, crashAway }) {
  const said = [];
  const say = async (side, body) => {
    said.push(body);
    await side.evaluate(([id, body]) => window.element.send(id, body), [roomId, body]);
  };
  const messages = (side) => side.evaluate((id) => window.element.messages(id), roomId);
  const reads = (side) =>
    eventually('every message is there once, decrypted', async () => {
      assert.deepEqual((await messages(side)).map(({ body }) => body).toSorted(), said.toSorted());
      return true;
    }, { timeoutMs: 60_000 });
  const bothRead = () => Promise.all([page, theirs].map(reads));
  const step = steps(t, page);

  await step('each finds the devices of the other', () => withPicture(theirs, () => meet({ page, theirs, alice, bob, asBob, roomId }, startAlice)));
  await step('a message each', async () => {
    await say(theirs, 'For your eyes only');
    await reads(page);
    await say(page, 'And yours');
    await bothRead();
  });
  await step(`${CRASHES} crashes while both write`, async () => {
    for (let crashes = 0; crashes < CRASHES; crashes += 1) {
      const moment = Math.round(Math.random() * WITHIN_MS);
      t.diagnostic(`crash after ${moment} ms`);
      await Promise.all([say(theirs, `Bob's, crash ${crashes}`), say(page, `Alice's, crash ${crashes}`), sleep(moment).then(crash)]);
      await bothRead();
    }
  });
  await step('Alice is away while keys are sent, and everything crashes', async () => {
    const comeBack = await leave(page);
    for (let missed = 0; missed < MISSED; missed += 1) {
      await say(theirs, `missed ${missed}`);
      if (missed === MISSED >> 1) await crashAway();
    }
    await crashAway();
    await comeBack();
    await startAlice();
    await view(page, roomId);
    await sleep(Math.random() * WITHIN_MS);
    await crash();
    await reads(page);
    await say(page, 'Back again');
    await bothRead();
  });
  const sessions = (await messages(page)).map(({ session }) => session);
  assert.equal(new Set(sessions).size, said.length, 'every message had a key of its own');
  for (const side of [page, theirs]) await side.evaluate(() => window.element.stop());
}

/** Both start, and know each other's device before the first message. */
async function meet({ page, theirs, alice, bob, asBob, roomId }, startAlice) {
  const devices = (side, { userId }) => side.evaluate((id) => window.element.devices(id), userId);
  const published = async ({ userId, deviceId }) => (await asBob.post('/_matrix/client/v3/keys/query', { device_keys: { [userId]: [] } })).device_keys[userId]?.[deviceId];

  await startAlice();
  await view(page, roomId);
  await eventually('Alice has published the keys of her device', () => published(alice));
  // She looks for Bob's devices before there is one that she could write to: she must hear of it by what is synced.
  assert.deepEqual(await devices(page, bob), []);
  await start(theirs, bob, synapse.url, CRYPTO);
  await view(theirs, roomId);
  await eventually('Bob has published the keys of his device', () => published(bob));
  await eventually("Alice knows Bob's device", async () => (await devices(page, bob)).includes(bob.deviceId));
  // The SDK queries keys after an answer of its sync only, and Bob's long poll at his homeserver has nothing to bring.
  let woken = 0;
  await eventually("Bob knows Alice's device", async () => {
    await asBob.accountData(bob.userId, 'org.example.wake', { times: (woken += 1) });
    return (await devices(theirs, alice)).includes(alice.deviceId);
  });
}

/** Opens the room, which the SDK must know to be encrypted before anything is sent. */
async function view(side, roomId) {
  await eventually('the room is there', () => side.evaluate((id) => window.element.rooms().some((room) => room.id === id), roomId));
  await side.evaluate((id) => window.element.view(id, { encrypted: true }), roomId);
  await eventually('it is known to be encrypted', () => side.evaluate((id) => window.element.isEncrypted(id), roomId));
}

/** A room of Alice and Bob in which every message has a key of its own, and a page for each. */
async function makeScene(t, name) {
  const [alice, bob] = await Promise.all([`alice-${name}`, `bob-${name}`].map((name) => synapse.register(name)));
  const [asAlice, asBob] = [alice, bob].map(({ accessToken }) => client(synapse.url, accessToken));
  const encryption = { type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2', rotation_period_msgs: 1 } };
  const roomId = await asBob.createRoom({ preset: 'private_chat', invite: [alice.userId], initial_state: [encryption] });
  await asAlice.join(roomId);
  const [page, theirs] = [await sdkPage(t), await sdkPage(t)];
  return { page, theirs, alice, asAlice, bob, asBob, roomId };
}
