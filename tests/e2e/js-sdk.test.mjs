// matrix-js-sdk, unmodified and as Element Web uses it, on a real homeserver: through the engine's `fetch` in the browser, and by URL through the server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, eventually, startSash, startSynapse } from './support/index.mjs';
import { sdkPage, start, startOnEngine } from './support/js-sdk.mjs';
import { withPicture } from './support/picture.mjs';
import { inBatches } from './support/scenes.mjs';

/** More than Element's first window of eleven and its second of sixty-one. */
const ROOMS = 66;
/** More than a homeserver sends of a room at first. */
const HISTORY = 30;

let synapse;
before(async () => void (synapse = await startSynapse()));
after(() => synapse?.stop());

test('through sash.fetch the SDK fills its rooms, and messages and invites come and go', async (t) => {
  const scene = await makeScene('engine');
  const page = await sdkPage(t);
  await withPicture(page, () => useElement(page, scene, () => startOnEngine(page, scene.alice, synapse.url)));
});

test("by the server's URL the SDK fills its rooms, and messages and invites come and go", async (t) => {
  // One window more than the first: how lists grow is the same code as above.
  const scene = await makeScene('server', { rooms: 20 });
  const sash = await startSash({ homeserver: synapse.url });
  t.after(sash.stop);
  const page = await sdkPage(t);
  await withPicture(page, () => useElement(page, scene, () => start(page, scene.alice, sash.url)));
});

/** What Alice does with Element, from log-in to being kicked. */
async function useElement(page, { alice, asAlice, bob, asBob, joined, space, chat, favourite, invited }, startElement) {
  await startElement();
  const element = (method, ...args) => page.evaluate(([method, args]) => window.element[method](...args), [method, args]);
  const roomsById = async () => new Map((await element('rooms')).map((room) => [room.id, room]));
  const bodies = async (roomId) => (await element('messages', roomId)).map(({ body }) => body);

  const rooms = await eventually('all rooms that Alice is in are there', async () => {
    const rooms = await roomsById();
    return [...joined, space, chat, favourite].every((id) => rooms.get(id)?.membership === 'join') && rooms;
  }, { timeoutMs: 60_000 });
  await eventually('the invite is there', async () => (await roomsById()).get(invited)?.membership === 'invite');
  assert.equal(rooms.get(joined[0]).name, 'Room 0');
  // Not at once: a scouted room has no heroes yet.
  await eventually('the direct chat without a name is called by its other member', async () => (await roomsById()).get(chat).name === bob.userId.slice(1).split(':')[0]);
  assert.ok(rooms.get(space).isSpace, 'the space is a space');
  await eventually('the lists have their counts', async () => {
    const { spaces, invites, favourites, dms } = await element('counts');
    return spaces === 1 && invites === 1 && favourites === 1 && dms === 1;
  });
  const newestFirst = (rooms) => joined.toSorted((a, b) => rooms.get(b).bumpStamp - rooms.get(a).bumpStamp);
  await eventually('the rooms are ordered by their last message', async () => {
    assert.deepEqual(newestFirst(await roomsById()).slice(0, 20), joined.toReversed().slice(0, 20));
    return true;
  });

  await asBob.send(joined[0], 'Tea is ready');
  await eventually('the message arrives', async () => (await bodies(joined[0])).at(-1) === 'Tea is ready');
  await eventually('and moves its room to the top', async () => newestFirst(await roomsById())[0] === joined[0]);

  const eventId = await element('send', joined[0], 'Coming');
  await eventually('what Alice sends comes back', async () => (await element('messages', joined[0])).some(({ id, status }) => id === eventId && status === null));
  await eventually('and Bob has it', async () => (await asBob.messages(joined[0])).chunk.some(({ event_id }) => event_id === eventId));

  await element('view', joined[1]);
  await eventually('an opened room brings its history', async () => {
    assert.deepEqual((await bodies(joined[1])).slice(-HISTORY), [...Array.from({ length: HISTORY - 1 }, (_, i) => `line ${i + 1}`), 'last word in Room 1']);
    return true;
  });

  await element('join', invited);
  await asBob.send(invited, 'Welcome');
  await eventually('the invite becomes a room', async () => (await roomsById()).get(invited).membership === 'join' && (await bodies(invited)).includes('Welcome'));

  const second = await asBob.createRoom({ name: 'Cellar', invite: [alice.userId] });
  await eventually('a further invite arrives', async () => (await roomsById()).get(second)?.membership === 'invite');

  await asBob.kick(joined[2], alice.userId);
  await eventually('a room that Alice is kicked from is left', async () => (await roomsById()).get(joined[2]).membership === 'leave');

  const twice = (list) => list.filter((id, i) => list.indexOf(id) !== i);
  for (const id of [joined[0], joined[1], invited]) assert.deepEqual(twice((await element('messages', id)).map(({ id }) => id)), [], 'no message is there twice');
  assert.deepEqual((await element('seen')).errors, []);
  assert.equal((await asAlice.whoami()).user_id, alice.userId);
  await element('stop');
}

/** Alice is in all rooms, written to one after the other: the last one is the newest. Beside them a space, a direct chat, a favourite and an invite. */
async function makeScene(name, { rooms = ROOMS } = {}) {
  const [alice, bob] = await Promise.all([`alice-${name}`, `bob-${name}`].map((name) => synapse.register(name)));
  const [asAlice, asBob] = [alice, bob].map(({ accessToken }) => client(synapse.url, accessToken));
  const shared = async (options) => {
    const id = await asBob.createRoom({ preset: 'private_chat', invite: [alice.userId], ...options });
    await asAlice.join(id);
    return id;
  };
  const joined = await inBatches(rooms, (i) => shared({ name: `Room ${i}` }));
  const space = await shared({ name: 'House', creation_content: { type: 'm.space' } });
  const chat = await shared({ is_direct: true });
  const favourite = await shared({ name: 'Attic' });
  const invited = await asBob.createRoom({ name: 'Garden', invite: [alice.userId] });
  await asAlice.accountData(alice.userId, 'm.direct', { [bob.userId]: [chat] });
  await asAlice.put(`/_matrix/client/v3/user/${encodeURIComponent(alice.userId)}/rooms/${encodeURIComponent(favourite)}/tags/m.favourite`, { order: 0.5 });
  for (let i = 0; i < HISTORY; i += 1) await asBob.send(joined[1], `line ${i}`);
  for (const [i, id] of joined.entries()) await asBob.send(id, `last word in Room ${i}`);
  return { alice, asAlice, bob, asBob, joined, space, chat, favourite, invited };
}
