// What the server costs before the demo homeserver: CPU of its process and time at the client.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onInterrupt } from '../scripts/lib/processes.mjs';
import { Problem, report } from '../scripts/lib/steps.mjs';
import { client } from '../tests/e2e/support/index.mjs';
import { cpuMs, memoryBytes, untilQuiet } from './support/cpu.mjs';
import { factsLine, machineFacts } from './support/machine.mjs';
import { bytes, median, ms, quantile, table } from './support/numbers.mjs';
import { readOptions } from './support/options.mjs';
import { buildPrograms, startScene, startServer } from './support/scene.mjs';

const USAGE = `npm run bench:server [-- option …]

  --rooms N        how many rooms the demo account has (5000)
  --runs N         how often an account is fetched from nothing (3)
  --events N       how many live messages are sent (200)
  --slow           a homeserver as slow as a real one: 42 ms a room of a first sync
  --json FILE      every sample
  --no-build       measure what is built already`;

const WINDOW = 20;
const CONNECTIONS = 50;
const MOVES = 50;
const LIVE_PAUSE_MS = 40;
const POLL_MS = 30_000;
const STATUS_EVERY_MS = 50;
const BOOTSTRAP_LIMIT_MS = 15 * 60_000;

/** What Element X asks of its room list. */
const ROOM = {
  timeline_limit: 1,
  required_state: {
    include: [
      ...['name', 'encryption', 'topic', 'avatar', 'canonical_alias', 'power_levels', 'join_rules', 'tombstone', 'create', 'history_visibility'].map((type) => ({ type: `m.room.${type}` })),
      ...['parent', 'child'].map((type) => ({ type: `m.space.${type}` })),
      { type: 'm.room.member', state_key: '$ME' },
    ],
    lazy_members: true,
  },
};
const windowAt = (start) => ({ lists: { all: { range: [start, start + WINDOW - 1], ...ROOM } } });

async function main() {
  const options = readOptions(USAGE, { numbers: { rooms: 5000, runs: 3, events: 200 }, flags: ['slow'] });
  if (!options) return;
  if (!options['no-build']) await buildPrograms({ server: true });
  const facts = await machineFacts();
  const scene = await startScene(options);
  const runs = [];
  try {
    for (let run = 1; run <= options.runs; run++) {
      process.stderr.write(`run ${run} of ${options.runs} …\n`);
      runs.push(await measure(scene, options));
    }
  } finally {
    await scene.stop();
  }
  console.log(`\n${render(runs, options)}\n\n${factsLine(facts)}`);
  if (options.json) writeFileSync(options.json, JSON.stringify({ facts, options, runs }, undefined, 1));
}

/** Everything once, on a server with an empty database. */
async function measure(scene, { events }) {
  const { accessToken } = await scene.logIn();
  const server = await startServer(scene);
  let again;
  try {
    const firstSync = await bootstrap(server, accessToken);
    const memory = memoryBytes(server.pid);
    const connections = await repeat(server, CONNECTIONS, (number) => sync(server.url, accessToken, { conn_id: `new-${number}`, ...windowAt(0) }));
    const scrolling = await scroll(server, accessToken);
    const live = await liveEvents(server, scene, events, slidingSync(server.url, accessToken));
    const baseline = await liveEvents(undefined, scene, events, plainSync(scene.url, (await scene.logIn()).accessToken));
    await server.stop({ keep: true });
    again = await startServer(scene, { data: server.data });
    return { firstSync, memory, connections, scrolling, live, baseline, restart: await warmStart(again, accessToken) };
  } finally {
    await server.stop();
    await again?.stop();
  }
}

/** The whole first sync, from the first request of a device to when the account is complete and the process is quiet. */
async function bootstrap(server, token) {
  const cpuBefore = cpuMs(server.pid);
  const began = performance.now();
  const status = () => client(server.url, token).get('/_sash/status');
  let listAfter;
  for (let pos; listAfter === undefined; ) {
    const answer = await sync(server.url, token, { conn_id: 'first', pos, timeout: pos ? 1000 : 0, ...windowAt(0) });
    pos = answer.pos;
    if (Object.keys(answer.rooms).length > 0) listAfter = performance.now() - began;
  }
  let progress;
  do {
    if (performance.now() - began > BOOTSTRAP_LIMIT_MS) throw new Problem(`the account is not complete: ${JSON.stringify(progress)}`);
    await sleep(STATUS_EVERY_MS);
    ({ progress } = await status());
  } while (progress.phase !== 'complete');
  const completeAfter = performance.now() - began;
  await untilQuiet(server.pid);
  return { listAfter, completeAfter, rooms: progress.roomsKnown, cpu: cpuMs(server.pid) - cpuBefore };
}

/** Moves a window through the list, as someone who scrolls. */
async function scroll(server, token) {
  let pos = (await sync(server.url, token, { conn_id: 'scroll', ...windowAt(0) })).pos;
  return repeat(server, MOVES, async (number) => {
    const answer = await sync(server.url, token, { conn_id: 'scroll', pos, ...windowAt((number + 1) * WINDOW) });
    pos = answer.pos;
    return answer;
  });
}

/** Does the same many times: wall time of each, and CPU of all divided by their number. */
async function repeat(server, times, work) {
  await untilQuiet(server.pid);
  const cpuBefore = cpuMs(server.pid);
  const walls = [];
  let rooms = 0;
  for (let number = 0; number < times; number++) {
    const began = performance.now();
    rooms += Object.keys((await work(number)).rooms).length;
    walls.push(performance.now() - began);
  }
  await untilQuiet(server.pid);
  return { walls, rooms: rooms / times, cpu: (cpuMs(server.pid) - cpuBefore) / times };
}

/**
 * Sends messages one by one to somebody who waits for them with `wait(text)`. Time is from just before sending to the answer that holds the message, so the
 * homeserver's own share is in it; the same with a plain v2 long poll at the homeserver shows how much that is.
 */
async function liveEvents(server, scene, events, waiter) {
  await waiter.start();
  if (server) await untilQuiet(server.pid);
  const cpuBefore = server && cpuMs(server.pid);
  const walls = [];
  for (let number = 0; number < events; number++) {
    const text = `Message ${number}`;
    const received = waiter.next((event) => event.content?.body === text);
    await sleep(LIVE_PAUSE_MS);
    const sent = performance.now();
    await scene.alice.send(scene.aliceRoom, text);
    walls.push((await received) - sent);
  }
  waiter.stop();
  if (!server) return { walls };
  await untilQuiet(server.pid);
  return { walls, cpu: (cpuMs(server.pid) - cpuBefore) / events };
}

/** The time to the first list of a server that has the account on disk, from its first request. */
async function warmStart(server, token) {
  const cpuBefore = cpuMs(server.pid);
  const began = performance.now();
  const { rooms } = await sync(server.url, token, { conn_id: 'again', ...windowAt(0) });
  return { wall: performance.now() - began, rooms: Object.keys(rooms).length, cpu: cpuMs(server.pid) - cpuBefore };
}

/** Whoever waits for messages by sliding sync. */
function slidingSync(url, token) {
  const request = (body, options) => sync(url, token, { conn_id: 'live', ...windowAt(0), ...body }, options);
  return waiting({
    first: () => request({}),
    next: ({ pos }, options) => request({ pos, timeout: POLL_MS }, options),
    events: ({ rooms }) => Object.values(rooms).flatMap(({ timeline = [] }) => timeline),
  });
}

/** Whoever waits for messages by v2 `/sync`, at the homeserver itself. */
function plainSync(url, token) {
  const api = client(url, token);
  const filter = JSON.stringify({ room: { state: { lazy_load_members: true }, timeline: { limit: 1 } } });
  return waiting({
    first: () => api.sync({ filter, timeout: 0 }),
    next: ({ next_batch: since }, options) => api.sync({ filter, since, timeout: POLL_MS }, options),
    events: ({ rooms }) => Object.values(rooms?.join ?? {}).flatMap(({ timeline }) => timeline.events),
  });
}

/** One long poll after the other. `next` resolves with the time of the answer that holds an event. */
function waiting({ first, next, events }) {
  const end = new AbortController();
  let answer;
  return {
    start: async () => void (answer = await first()),
    next: async (matches) => {
      for (;;) {
        answer = await next(answer, { signal: end.signal });
        const at = performance.now();
        if (events(answer).some(matches)) return at;
      }
    },
    stop: () => end.abort(),
  };
}

/** One request on the final sliding sync API. */
const sync = (url, token, body, options) => client(url, token).post('/_matrix/client/v4/sync', body, options);

function render(runs, { rooms, events, slow }) {
  const of = (value) => median(runs.map(value));
  const cpu = (value) => ms(of(value));
  const walls = (key, q) => ms(quantile(runs.flatMap((run) => run[key].walls), q));
  const window = (key) => `${of((run) => run[key].rooms).toFixed(0)} rooms`;
  return table(
    [`${rooms} rooms${slow ? ', slow homeserver' : ''}`, 'CPU of the server', 'time, median', 'p95'],
    [
      ['first sync → a list with rooms', '', ms(of((run) => run.firstSync.listAfter)), ''],
      ['first sync → complete', cpu((run) => run.firstSync.cpu), ms(of((run) => run.firstSync.completeAfter)), ''],
      ['first sync, for each room', cpu((run) => run.firstSync.cpu / run.firstSync.rooms), ms(of((run) => run.firstSync.completeAfter / run.firstSync.rooms)), ''],
      [`new connection, ${window('connections')}`, cpu((run) => run.connections.cpu), walls('connections', 0.5), walls('connections', 0.95)],
      [`scroll, ${window('scrolling')}`, cpu((run) => run.scrolling.cpu), walls('scrolling', 0.5), walls('scrolling', 0.95)],
      [`live message, sent → received (${events})`, cpu((run) => run.live.cpu), walls('live', 0.5), walls('live', 0.95)],
      ['the same by a plain v2 poll, without the server', '', walls('baseline', 0.5), walls('baseline', 0.95)],
      [`restart → first list, ${of((run) => run.restart.rooms)} rooms`, cpu((run) => run.restart.cpu), ms(of((run) => run.restart.wall)), ''],
      ['memory with the account complete', bytes(of((run) => run.memory)), '', ''],
    ],
  );
}

onInterrupt();
try {
  await main();
} catch (error) {
  process.exitCode = report(error);
}
