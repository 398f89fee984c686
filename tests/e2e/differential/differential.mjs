// The same user on two devices, one before Sash and one before Synapse's own sliding sync: what happens on the homeserver, both are asked, and what
// their clients have put together is compared.
import { appendFileSync } from 'node:fs';
import { ApiError, eventually } from '../support/index.mjs';
import { ModelClient } from './client.mjs';
import { canonical, Comparison } from './compare.mjs';
import { INTENDED } from './intended.mjs';
import { Memory } from './memory.mjs';
import { OPERATIONS } from './operations.mjs';
import { eventBefore, pagesTo } from './paging.mjs';
import { connections, fresh } from './requests.mjs';

const SIDES = ['sash', 'synapse'];
const MARKER = 'test.marker';
/** Where to write, for each room with an unintended difference, what both sides answered. */
const ANSWERS_FILE = process.env.SASH_DIFF_ANSWERS;
/** How many answers news may take: Sash fetches what it does not hold in the background, and tells of it later. */
const ANSWERS = 12;
const SETTLING_MS = Number(process.env.SASH_DIFF_SETTLE ?? 2_000);

export class Differential {
  #marker = 0;
  #markers;
  #fresh = 0;
  #places = new Map();
  #reported = new Set();
  #connections = new Map();
  #log = [];

  counts = { steps: 0, operations: 0, refused: 0, exchanges: 0, comparisons: 0, fields: 0, pages: 0 };
  /** By id, how often an intended difference was seen. */
  intended = new Map(INTENDED.map(({ id }) => [id, 0]));
  /** Everything else that differed: `{ step, connection, path, sash, synapse }`. */
  unintended = [];
  /** By name, how often an operation was done. */
  done = new Map();

  constructor(world) {
    this.world = world;
    world.requests = connections();
    this.#markers = new ModelClient(this.#sender('sash'));
  }

  /** Waits until Sash knows the whole account, and opens the connections. */
  async begin() {
    for (const room of this.world.roomsWhere('alice', 'invite')) room.timeless = true;
    await this.#upToDate();
    for (const name of Object.keys(this.world.requests)) this.open(name);
    await this.step([]);
  }

  /** Opens a connection, or begins it anew. */
  open(name) {
    this.#connections.set(name, this.#connection(name));
  }

  /** Does some operations, given or chosen when their turn comes, and compares what comes of them. `strict`: none may be refused. */
  async step(operations, { strict = true } = {}) {
    this.counts.steps += 1;
    this.world.step = this.counts.steps;
    for (const operation of operations) await this.operate(typeof operation === 'function' ? operation() : operation, strict);
    await this.#upToDate();
    for (const connection of this.#connections.values()) await this.#compare(connection, this.world.requests[connection.name]);
  }

  /** Compares what connections see that begin now. */
  async compareFresh() {
    this.#fresh += 1;
    await this.#upToDate();
    const request = fresh(this.#fresh);
    await this.#compare(this.#connection('fresh'), request);
  }

  async operate([name, args = {}], strict = false) {
    this.#log.push(`${this.counts.steps}: ${name} ${JSON.stringify(args)}`);
    this.counts.operations += 1;
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
    try {
      await OPERATIONS[name].run(this.world, args);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500 || strict) throw new Error(`operation ${name} ${JSON.stringify(args)}: ${error.message}`, { cause: error });
      this.counts.refused += 1;
      this.#log.push(`   refused: ${error.errcode}`);
    }
  }

  /** What was done, a line each, from a step on. */
  log = (from = 0) => {
    return this.#log.filter((line) => !(Number.parseInt(line, 10) < from));
  };

  /** A connection that begins now: the client of each side, and what is to be remembered of them. */
  #connection(name) {
    return { name, memory: new Memory(), ...Object.fromEntries(SIDES.map((side) => [side, new ModelClient(this.#sender(side))])) };
  }

  #sender = (side) => (request, pos, timeout = 0) => {
    this.counts.exchanges += 1;
    return this.world.devices[side].slidingSync(this.world.resolve(request), { pos, timeout });
  };

  /** Waits until Sash has everything that the homeserver has now. What asks is a connection of its own, so that the others get it all in one answer. */
  async #upToDate() {
    this.#marker += 1;
    await this.world.as('alice').accountData(this.world.me.userId, MARKER, { number: this.#marker });
    const request = { conn_id: 'markers', extensions: { account_data: { enabled: true, lists: [], rooms: [] } } };
    const send = this.#sender('sash');
    await eventually(`Sash has marker ${this.#marker}`, async () => {
      this.#markers.apply(await send(request, this.#markers.pos, this.#markers.pos ? 2_000 : 0));
      return this.#markers.accountData[MARKER]?.number === this.#marker;
    }, { timeoutMs: 30_000, everyMs: 5 });
    // Not only at the start: who is ignored no longer has the account read once more.
    await eventually('Sash knows the whole account', async () => (await this.world.devices.sash.get('/_sash/status')).progress?.phase === 'complete');
  }

  async #compare(connection, request) {
    const clients = SIDES.map((side) => connection[side]);
    const deadline = performance.now() + SETTLING_MS;
    let found;
    do {
      for (const client of clients) await this.#drain(client, request);
      connection.memory.see(connection, request, this.world);
      found = await this.#differences(connection, request);
    } while (found.unintended.some((difference) => !this.#reported.has(keyOf(connection, difference))) && performance.now() < deadline);
    this.counts.comparisons += 1;
    this.counts.fields += found.fields;
    for (const [id, count] of found.intended) this.intended.set(id, this.intended.get(id) + count);
    for (const difference of found.unintended) this.#report(connection, difference, request);
    connection.memory.note(connection, request, this.world);
    for (const client of clients) client.forgetAnswers();
  }

  async #drain(client, request) {
    for (let turn = 0; turn < ANSWERS; turn += 1) if (!(await client.poll(request))) return;
    throw new Error(`there is no end of news on ${request.conn_id}`);
  }

  async #differences(connection, request) {
    const subscribed = new Set(Object.keys(this.world.resolve(request).room_subscriptions ?? {}));
    const comparison = new Comparison({ user: this.world.me.userId, known: this.world.nick, subscribed });
    comparison.clients(connection.sash, connection.synapse);
    await this.#pages(comparison, connection);
    const scene = { world: this.world, connection, memory: connection.memory, request, order: this.#connections.get('order') };
    const intended = new Map();
    const unintended = [];
    for (const difference of comparison.differences) {
      const rules = INTENDED.filter(({ matches }) => matches(difference, scene));
      for (const { id } of rules) intended.set(id, (intended.get(id) ?? 0) + 1);
      if (rules.length === 0) unintended.push(difference);
    }
    return { fields: comparison.fields, intended, unintended };
  }

  /** Follows each `prev_batch` that Sash gave in this step. Who is banned may not. */
  async #pages(comparison, { sash }) {
    for (const [room, answers] of sash.said) {
      const { nick, members } = this.world.byId(room);
      for (const { prevBatch, timeline } of answers) {
        if (prevBatch === undefined || timeline.length === 0 || members.alice === 'ban') continue;
        const place = `${room} ${timeline[0]} ${prevBatch}`;
        if (!this.#places.has(place)) this.#places.set(place, await this.#follow(room, prevBatch, timeline));
        const { got, wanted } = this.#places.get(place);
        comparison.value(`rooms.${nick}.answer.pagesTo`, got, wanted, { room });
      }
    }
  }

  /** Where a token leads, and where it should: that tells somebody who is in the room, because of a room that she left Alice may not ask it. */
  async #follow(room, token, timeline) {
    this.counts.pages += 1;
    const { unheardIds } = this.world.byId(room);
    const got = await pagesTo(this.world.as('alice'), room, token, [...timeline, ...unheardIds]);
    const [who] = this.world.members(this.world.nick(room)).sort();
    return { got, wanted: who ? await eventBefore(this.world.as(who), room, timeline[0], unheardIds) : got };
  }

  /** What is assembled stays, and so does what is wrong with it: each is told once. */
  #report(connection, difference, request) {
    const key = keyOf(connection, difference);
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    const { path, sash, synapse } = difference;
    const found = { step: this.counts.steps, connection: connection.name, path, sash, synapse };
    this.unintended.push(found);
    if (ANSWERS_FILE) appendFileSync(ANSWERS_FILE, `${JSON.stringify({ ...found, request, answers: answersOf(connection, difference) })}\n`);
  }
}

/** What both sides said in this step, of rooms only of the one that differs. */
function answersOf(connection, { room }) {
  const said = ({ answers }) => answers.map(({ rooms, ...answer }) => ({ ...answer, room: room === undefined ? rooms : rooms?.[room] }));
  return Object.fromEntries(SIDES.map((side) => [side, said(connection[side])]));
}

const keyOf = ({ name }, { path, sash, synapse }) => `${name} ${path} ${canonical(sash)} ${canonical(synapse)}`;
