// Alice before the demo page, Bob and her rooms on a real homeserver: the scene of both page tests, and the steps that they share.
import assert from 'node:assert/strict';
import { launchBrowser } from './browser.mjs';
import { client } from './client.mjs';
import { demoPage } from './demo-page.mjs';
import { line } from './line.mjs';
import { inBatches } from './scenes.mjs';
import { steps } from './steps.mjs';
import { startSynapse } from './synapse.mjs';
import { eventually } from './wait.mjs';

/** Three times what the page asks for at first. */
const ROOMS = 120;
/** More than an opened room gets at first, so that there is something to scroll back to. */
const HISTORY = 70;
/** How many rows are looked at: they fit on the screen. */
const SCREEN = 8;

/** Sets the scene; all of it ends with the test `t`. The homeserver is at `homeserver.url` for Alice, by a line that can be cut, and directly there for Bob. */
export async function pageScene(t) {
  const synapse = await startSynapse();
  t.after(synapse.stop);
  const homeserver = await line(synapse.url);
  t.after(homeserver.stop);
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((name) => synapse.register(name)));
  const [asAlice, asBob] = [alice, bob].map(({ accessToken }) => client(synapse.url, accessToken));
  const rooms = await makeRooms(alice, asAlice, asBob);
  const browser = await launchBrowser({ viewport: { width: 1280, height: 800 } });
  t.after(browser.close);
  const page = await browser.newPage();
  return new PageScene({ step: steps(t, page), page, context: browser.context, view: demoPage(page), homeserver, alice, asAlice, bob, asBob, rooms });
}

/** Rooms of Alice and Bob, each with a last message from Bob: the last one made is the newest. The first has a long history. */
async function makeRooms(alice, asAlice, asBob) {
  const rooms = await inBatches(ROOMS, async (i) => {
    const id = await asBob.createRoom({ name: `Room ${i}`, preset: 'private_chat', invite: [alice.userId] });
    await asAlice.join(id);
    return id;
  });
  for (let i = 0; i < HISTORY; i += 1) await asBob.send(rooms[0], `line ${i}`);
  for (const [i, id] of rooms.entries()) await asBob.send(id, `hello from room ${i}`);
  return rooms;
}

class PageScene {
  constructor(parts) {
    Object.assign(this, parts);
    /** The rooms as the list must have them: the newest first. */
    this.order = this.rooms.toReversed();
    /** What the page was told instead of an answer: the `errcode` of each refused sync. */
    this.refusals = [];
    this.page.on('response', async (response) => {
      if (!response.url().includes('/v4/sync') || response.ok()) return;
      this.refusals.push((await response.json().catch(() => ({}))).errcode ?? response.status());
    });
  }

  async logIn({ url, ...where }) {
    await this.page.goto(url);
    await this.view.logIn({ ...where, homeserver: this.homeserver.url, user: 'alice', password: this.alice.password });
    await this.isLive();
  }

  isLive = () => eventually('the page says that it is live', async () => (await this.view.state()) === 'live', { timeoutMs: 30_000 });
  isOffline = () => eventually('the page says that it is offline', async () => (await this.view.state()) === 'offline', { timeoutMs: 30_000 });

  /** Bob writes; the room is the newest now. */
  async bobWrites(roomId, body) {
    await this.asBob.send(roomId, body);
    this.order = [roomId, ...this.order.filter((id) => id !== roomId)];
  }

  async listIsInOrder({ timeoutMs = 30_000 } = {}) {
    await eventually(`the list has ${this.order.length} rooms`, async () => (await this.view.length()) === this.order.length, { timeoutMs });
    await this.view.shows('the rooms are in the order of their last messages', this.order.slice(0, SCREEN), { timeoutMs });
    const [newest] = await this.view.rows();
    assert.match(newest.preview, /\S/, 'the newest room shows its last message');
  }

  async messageArrives() {
    const roomId = this.order[50];
    await this.bobWrites(roomId, 'Tea is ready');
    await this.view.shows('the room of the new message is the first', this.order.slice(0, SCREEN));
    await eventually('its row shows the message', async () => (await this.view.rows())[0].preview.includes('Tea is ready'));
    await this.view.openRow(roomId);
    await this.reads('Tea is ready');
    await this.bobWrites(roomId, 'Hurry up');
    await this.reads('Hurry up');
  }

  /** Alice writes in the open room, by default the first of the list. */
  async messageIsSent(body = 'Coming', roomId = this.order[0]) {
    await this.view.send(body);
    await eventually('what Alice wrote is in the room, once and sent', async () => {
      const own = (await this.view.messages()).filter((message) => message.body === body);
      assert.deepEqual(own.map(({ status }) => status), ['sent']);
      return own[0].id.startsWith('$');
    });
    await eventually('and Bob has it', async () => (await this.asBob.messages(roomId)).chunk.some(({ content, sender }) => content.body === body && sender === this.alice.userId));
  }

  /** Scrolls through the whole list, by screens that overlap with none before. */
  async listScrolls() {
    for (const first of [30, 60, 90, this.order.length - SCREEN]) {
      await this.view.scrollTo(first);
      await this.view.shows(`the rooms from row ${first} on are there`, this.order.slice(first, first + SCREEN), { first });
    }
    await this.view.scrollTo(0);
    await this.view.shows('and at the top those from before', this.order.slice(0, SCREEN));
  }

  async roomIsExplained() {
    const sentences = await this.view.because();
    for (const part of ['the user is in the room', 'in list `all` at index 0 of', 'a subscription names it']) {
      assert.ok(sentences.some((sentence) => sentence.includes(part)), `"${part}" is among ${JSON.stringify(sentences)}`);
    }
  }

  async windowIsSmall() {
    const known = await this.view.known();
    assert.ok(known < ROOMS * 0.6, `the page was sent a window of the list, not all of it: ${known} of ${ROOMS} rooms`);
  }

  /** The oldest room has more messages than it came with. */
  async historyIsThere() {
    const [roomId] = this.rooms;
    await this.view.scrollTo(this.order.indexOf(roomId));
    await this.view.openRow(roomId);
    await this.reads('hello from room 0');
    const expected = [...Array.from({ length: HISTORY }, (_, i) => `line ${i}`), 'hello from room 0'];
    await eventually('scrolling back brings the whole history, in order', async () => {
      await this.view.scrollBack();
      assert.deepEqual(await this.view.bodies(), expected);
      return true;
    });
    await this.view.scrollTo(0);
  }

  async inviteIsAccepted() {
    const roomId = await this.asBob.createRoom({ name: 'Garden', preset: 'private_chat', invite: [this.alice.userId] });
    this.order = [roomId, ...this.order];
    await eventually('the invite is the first of the list', async () => {
      const [first] = await this.view.rows();
      return first.id === roomId && first.badge === 'Invite' && first.name === 'Garden';
    });
    await this.view.openRow(roomId);
    await this.view.accept();
    await eventually('Alice is in the room', async () => (await this.asBob.get(`/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/joined_members`)).joined[this.alice.userId]);
    await this.bobWrites(roomId, 'Welcome');
    await this.reads('Welcome');
    await eventually('the invite is a room now', async () => (await this.view.rows())[0].badge !== 'Invite');
    await this.messageIsSent('Glad to be here');
  }

  /** The line is cut, and the browser says so. */
  async goOffline() {
    await this.context.setOffline(true);
    await this.homeserver.cut();
    await this.isOffline();
  }

  async comeBack() {
    await this.homeserver.mend();
    await this.context.setOffline(false);
    await this.isLive();
  }

  /** What Bob does while Alice is away: he writes here and there, much in one room, and invites her. */
  async bobIsBusy() {
    for (const i of [40, 80, this.order.length - 1]) await this.bobWrites(this.order[i], `while you were away, ${i}`);
    const [roomId] = this.order;
    for (let i = 0; i < 5; i += 1) await this.bobWrites(roomId, `news ${i}`);
    const invited = await this.asBob.createRoom({ name: `Shed ${this.order.length}`, preset: 'private_chat', invite: [this.alice.userId] });
    this.order = [invited, ...this.order];
  }

  async catchesUp() {
    await this.listIsInOrder();
    const [, roomId] = this.order;
    await this.view.openRow(roomId);
    await eventually('the room that Bob wrote most in has it all, in order', async () => {
      assert.deepEqual((await this.view.bodies()).slice(-5), Array.from({ length: 5 }, (_, i) => `news ${i}`));
      return true;
    });
    await this.listScrolls();
    await this.messageIsSent(`Here I am again, ${this.order.length}`, roomId);
    this.order = [roomId, ...this.order.filter((id) => id !== roomId)];
  }

  nothingIsTwice = async () => {
    const ids = (await this.view.messages()).map(({ id }) => id);
    assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), [], 'messages that are there twice');
  };

  /** Nothing went wrong on the page, and no position was forgotten. */
  noErrors() {
    assert.deepEqual(this.page.log.filter((entry) => entry.startsWith('uncaught')), []);
    assert.ok(!this.refusals.includes('M_UNKNOWN_POS'), `a position was forgotten: ${this.refusals}`);
  }

  reads = (body) => eventually(`"${body}" is in the open room`, async () => (await this.view.bodies()).includes(body));
}
