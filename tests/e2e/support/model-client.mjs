// A sliding sync client that does everything as a client should, on the v4 wire: keeps `pos` and the to-device `since` with what it has processed,
// sends both again after a lost answer, appends what is live, and pages back over gaps, in a new room to the time when the client was made. It notes whatever a client could not put up with.
import { setTimeout as sleep } from 'node:timers/promises';

const TO_DEVICE = 'org.matrix.msc4538.to_device';
const RETRY_MS = 25;
const WAIT_MS = 2_000;

/** `send(request)` makes one exchange; it rejects with an `errcode` where there was an answer. `messages(roomId, from)` is one page of `/messages`. */
export class ModelClient {
  #send;
  #messages;
  #pos;
  #since;
  #stopped = false;
  #running;
  #made = Date.now();

  /** What must not happen, in words. */
  problems = [];
  /** Content of every to-device message, in the order of arrival. */
  toDevice = [];
  /** By room id, the ids of its events, oldest first. */
  timelines = new Map();
  /** How many exchanges there were, and how many of them failed without an answer. */
  exchanges = 0;
  lost = 0;
  gaps = 0;

  constructor({ send, messages }) {
    this.#send = send;
    this.#messages = messages;
  }

  start() {
    this.#running = this.#run();
  }

  /** Ends after the present exchange. */
  async stop() {
    this.#stopped = true;
    await this.#running;
  }

  async #run() {
    while (!this.#stopped) {
      try {
        await this.#apply(await this.#send(this.#request()));
        this.exchanges += 1;
      } catch (error) {
        this.lost += 1;
        if (error.errcode) this.#refused(error);
        await sleep(RETRY_MS);
      }
    }
  }

  #request() {
    return {
      pos: this.#pos,
      timeout: WAIT_MS,
      lists: { all: { timeline_limit: 50, required_state: {} } },
      extensions: { [TO_DEVICE]: { enabled: true, since: this.#since } },
    };
  }

  #refused({ errcode, message }) {
    this.problems.push(`refused: ${errcode} ${message ?? ''}`);
    if (errcode === 'M_UNKNOWN_POS') this.#pos = undefined;
  }

  async #apply({ pos, rooms, extensions }) {
    // Everything or nothing: what takes time comes before the first change.
    const filled = new Map();
    for (const [id, room] of Object.entries(rooms ?? {})) filled.set(id, await this.#timeline(id, room));
    for (const [id, timeline] of filled) this.timelines.set(id, timeline);
    const section = extensions?.[TO_DEVICE];
    if (section) {
      this.toDevice.push(...section.events.map(({ content }) => content));
      this.#since = section.next_batch;
    }
    this.#pos = pos;
  }

  async #timeline(roomId, room) {
    const held = this.timelines.get(roomId) ?? [];
    const fresh = (room.timeline ?? []).map(({ event_id: id }) => id);
    if (room.initial && held.length > 0) this.problems.push(`${roomId} came as initial a second time`);
    if (room.initial) return [...(room.limited ? await this.#across(roomId, room, [], fresh) : []), ...fresh];
    if (room.expanded_timeline) return [...fresh, ...held.filter((id) => !fresh.includes(id))];
    if (!room.limited) {
      const twice = fresh.filter((id) => held.includes(id));
      if (twice.length > 0) this.problems.push(`${roomId} brought ${twice.length} of ${fresh.length} events a second time`);
      return [...held, ...fresh.filter((id) => !held.includes(id))];
    }
    this.gaps += 1;
    return [...held, ...(await this.#across(roomId, room, held, fresh)), ...fresh.filter((id) => !held.includes(id))];
  }

  /** What stands between the events that are held and the fresh ones, oldest first. What is older than this client is of no interest. */
  async #across(roomId, { prev_batch: from }, held, fresh) {
    const missing = [];
    while (from !== undefined) {
      const { chunk, end } = await this.#messages(roomId, from);
      for (const { event_id: id, origin_server_ts: sent } of chunk) {
        if (sent < this.#made || held.includes(id)) return missing;
        // A token may stand after the oldest event that came with it.
        if (!fresh.includes(id)) missing.unshift(id);
      }
      from = chunk.length > 0 ? end : undefined;
    }
    return missing;
  }
}
