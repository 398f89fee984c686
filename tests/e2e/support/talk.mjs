// Everybody talks to one user of the demo homeserver, one after the other, so that the order of everything is known.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './wait.mjs';

const PAUSE_MS = 3;
const ROOMS = 8;

export class Talk {
  #demo;
  #account;
  #rooms;
  #stopped = false;
  #running;

  /** By room id, the ids of the events that were sent, oldest first. */
  events = new Map();
  /** How many to-device messages were sent; the content of each is `{ number }`, from 0 on. */
  toDevice = 0;

  /** `rooms` are rooms that `account` is in. */
  constructor(demo, account, rooms) {
    this.#demo = demo;
    this.#account = account;
    this.#rooms = rooms.slice(0, ROOMS);
    for (const id of this.#rooms) this.events.set(id, []);
  }

  start() {
    this.#running = this.#run();
  }

  async stop() {
    this.#stopped = true;
    await this.#running;
  }

  async #run() {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const room = this.#rooms[turn % this.#rooms.length];
      const { event_ids: ids } = await this.#demo.order('send', { room, sender: 'alice', body: `turn ${turn}`, count: 1 + (turn % 2) });
      this.events.get(room).push(...ids);
      const { userId: user, deviceId: device } = this.#account;
      await this.#demo.order('send_to_device', { user, device, type: 'test.numbered', content: { number: this.toDevice } });
      this.toDevice += 1;
      await sleep(PAUSE_MS);
    }
  }

  /** Fails unless `client` gets everything that was said, in order, each once. */
  async hasReached(client) {
    const said = [...this.events.values()].flat().length;
    const arrived = () => {
      const ids = new Set([...client.timelines.values()].flat());
      return { toDevice: client.toDevice.length, events: [...this.events.values()].flat().filter((id) => ids.has(id)).length, problems: client.problems };
    };
    await eventually(`${this.toDevice} to-device messages and ${said} events arrive`, () => {
      const { toDevice, events } = arrived();
      if (toDevice >= this.toDevice && events === said) return true;
      throw new Error(JSON.stringify(arrived()));
    }, { timeoutMs: 30_000 });
    assert.deepEqual(client.toDevice.map(({ number }) => number), Array.from({ length: this.toDevice }, (_, number) => number), 'to-device messages: in order, each once');
    for (const [room, ids] of this.events) {
      const there = client.timelines.get(room).filter((id) => ids.includes(id));
      assert.deepEqual(there, ids, `events of ${room}: in order, each once`);
    }
    assert.deepEqual(client.problems, []);
  }
}
