// matrix-js-sdk, unmodified, on the engine: `fetchFn: sash.fetch` is all that it is given.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';
import { fromRoot } from '../../scripts/lib/paths.mjs';
import { eventually } from './support/index.mjs';
import { demoScene } from './support/demo.mjs';
import { engineScene, open } from './support/engine.mjs';

/** The SDK as an application's bundler would make it. */
async function bundleSdk() {
  const contents = 'export * from "matrix-js-sdk"; export { SlidingSync } from "matrix-js-sdk/lib/sliding-sync.js";';
  const stdin = { contents, resolveDir: fromRoot() };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false, define: { global: 'globalThis' }, loader: { '.wasm': 'empty' }, logLevel: 'error' });
  return outputFiles[0].text;
}

test('its sliding sync fills its rooms, and a message and an invite arrive', async (t) => {
  const demo = await demoScene(t, { rooms: 30 });
  const account = await demo.logIn();
  const { newTab } = await engineScene(t, { pages: { '/js-sdk.js': await bundleSdk() } });
  const page = await newTab();
  await open(page, account);
  await page.evaluate(async ({ homeserver, userId, deviceId, accessToken }) => {
    const sdk = await import('/js-sdk.js');
    const client = sdk.createClient({ baseUrl: homeserver, userId, deviceId, accessToken, fetchFn: window.engines.main.fetch });
    const lists = new Map([['all', { ranges: [[0, 99]], timeline_limit: 5, required_state: [['m.room.member', '$ME'], ['m.room.create', '']] }]]);
    const slidingSync = new sdk.SlidingSync(homeserver, lists, { timeline_limit: 20, required_state: [['*', '*']] }, client, 20_000);
    window.client = client;
    await client.startClient({ slidingSync });
  }, account);

  const rooms = () =>
    page.evaluate(() => window.client.getRooms().map((room) => ({ id: room.roomId, name: room.name, membership: room.getMyMembership(), bodies: room.timeline.map((event) => event.getContent().body) })));
  const joined = await eventually('the rooms are there', async () => {
    const found = (await rooms()).filter(({ membership }) => membership === 'join');
    return found.length >= 30 && found;
  }, { timeoutMs: 60_000 });

  await demo.order('send', { room: joined[0].id, sender: account.userId, body: 'Through the SDK' });
  await eventually('the message is in its room', async () => (await rooms()).find(({ id }) => id === joined[0].id).bodies.includes('Through the SDK'));

  const { room_id: invited } = await demo.order('room', { creator: 'alice', name: 'Garden', invite: [account.userId] });
  await eventually('the invite is there', async () => (await rooms()).find(({ id }) => id === invited)?.membership === 'invite');
  await page.evaluate(() => window.client.stopClient());
});
