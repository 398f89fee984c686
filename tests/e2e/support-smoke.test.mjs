// The scene itself: if one of these fails, every other end-to-end test fails for a reason that has nothing to do with Sash.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, eventually, launchBrowser, servePage, startSynapse } from './support/index.mjs';

test('two people meet in a room on a real homeserver', async (t) => {
  const synapse = await startSynapse();
  t.after(synapse.stop);
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((name) => synapse.register(name)));
  const [asAlice, asBob] = [alice, bob].map(({ accessToken }) => client(synapse.url, accessToken));

  const roomId = await asAlice.createRoom({ name: 'Kitchen', invite: [bob.userId] });
  await asBob.join(roomId);
  const { next_batch: since } = await asBob.sync({ timeout: 0 });
  const eventId = await asAlice.send(roomId, 'Tea is ready');

  const received = await eventually('Bob receives the message', async () => {
    const { rooms } = await asBob.sync({ since, timeout: 5_000 });
    return rooms?.join?.[roomId]?.timeline.events.find(({ event_id }) => event_id === eventId);
  });
  assert.equal(received.content.body, 'Tea is ready');

  // Without this the engine would be tested against state that is guessed from the timeline only.
  const answer = await asBob.sync({ timeout: 0, 'org.matrix.msc4222.use_state_after': true });
  assert.ok(answer.rooms.join[roomId]['org.matrix.msc4222.state_after'], 'Synapse answers with the state after the timeline');
});

test('a hundred requests meet no rate limit', async (t) => {
  const synapse = await startSynapse();
  t.after(synapse.stop);
  const { accessToken } = await synapse.register('carol');
  const asCarol = client(synapse.url, accessToken);
  const rooms = await Promise.all(Array.from({ length: 20 }, (_, i) => asCarol.createRoom({ name: `Room ${i}` })));
  await Promise.all(rooms.flatMap((roomId) => Array.from({ length: 4 }, (_, i) => asCarol.send(roomId, `message ${i}`))));
  assert.equal(new Set(rooms).size, 20);
});

test('a page is cross-origin isolated and its storage survives a reload', async (t) => {
  const site = await servePage(import.meta.dirname, { pages: { '/index.html': '<!doctype html><title>Smoke</title><link rel="icon" href="data:,">' } });
  t.after(site.stop);
  const browser = await launchBrowser();
  t.after(browser.close);
  const page = await browser.newPage();
  await page.goto(site.url);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);

  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('smoke', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('kept').put('still here', 'word');
        opening.onsuccess = () => resolve(opening.result.close());
        opening.onerror = () => reject(opening.error);
      }),
  );
  await page.reload();
  const word = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('smoke', 1);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction('kept').objectStore('kept').get('word');
          reading.onsuccess = () => resolve(reading.result);
        };
      }),
  );
  assert.equal(word, 'still here');
  assert.deepEqual(page.log, []);
});

test('a page serves nothing from outside its folder', async (t) => {
  const site = await servePage(import.meta.dirname);
  t.after(site.stop);
  const { status } = await fetch(new URL('/..%2f..%2fpackage.json', site.url));
  assert.equal(status, 404);
});
