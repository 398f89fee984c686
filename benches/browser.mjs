// Sash in the browser and a plain matrix-js-sdk client on v2, on the same account, by the same clock, in turns.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onInterrupt } from '../scripts/lib/processes.mjs';
import { report } from '../scripts/lib/steps.mjs';
import { factsLine, machineFacts } from './support/machine.mjs';
import { bytes, median, ms, ratio, table } from './support/numbers.mjs';
import { readOptions } from './support/options.mjs';
import { buildPrograms, startScene } from './support/scene.mjs';
import { buildPages, CLIENTS, clientNames, loadClient, openClient, serveClients } from './support/site.mjs';

const USAGE = `npm run bench:browser [-- option …]

  --rooms N        how many rooms the demo account has (5000)
  --runs N         how often each client logs in, in turns (3)
  --reloads N      how often each of them reloads after that (3)
  --clients A,B    which clients: ${Object.keys(CLIENTS).join(', ')} (all)
  --sweep          at 500, 1000, 2000 and 5000 rooms
  --slow           a homeserver as slow as a real one: 42 ms a room of a first sync
  --json FILE      every sample
  --no-build       measure what is built already`;

const SWEEP = [500, 1000, 2000, 5000];
/** Work that a client leaves for after its list belongs to its longest block. */
const SETTLE_MS = 1500;
/** A slow homeserver takes 42 ms a room; a plain client much more than that on a small machine. */
const LOG_IN_LIMIT_MS = 15 * 60_000;
const RELOAD_LIMIT_MS = 3 * 60_000;
const SAME_ENOUGH = 0.75;

async function main() {
  const options = readOptions(USAGE, {
    numbers: { rooms: 5000, runs: 3, reloads: 3 },
    words: { clients: Object.keys(CLIENTS).join(',') },
    flags: ['sweep', 'slow'],
  });
  if (!options) return;
  const names = clientNames(options.clients);
  const build = !options['no-build'];
  if (build) await buildPrograms();
  await buildPages(names, { build });
  const facts = await machineFacts();
  const site = await serveClients();
  const results = [];
  try {
    for (const rooms of options.sweep ? SWEEP : [options.rooms]) results.push(await measure({ ...options, rooms, names, site }));
  } finally {
    await site.stop();
  }
  console.log(`\n${render(results, names, facts, options)}`);
  if (options.json) writeFileSync(options.json, JSON.stringify({ facts, options, results }, undefined, 1));
}

async function measure({ rooms, runs, reloads, slow, names, site }) {
  const scene = await startScene({ rooms, slow });
  const samples = Object.fromEntries(names.map((name) => [name, { logIn: [], reload: [], silent: [] }]));
  try {
    for (let run = 1; run <= runs; run++) {
      for (const name of names) {
        process.stderr.write(`${rooms} rooms, run ${run} of ${runs}: ${CLIENTS[name].title} …`);
        const { logIn, reload, silent } = await runClient(name, { scene, site, reloads });
        samples[name].logIn.push(logIn);
        samples[name].reload.push(...reload);
        samples[name].silent.push(silent);
        process.stderr.write(` list ${ms(logIn.screen)}, complete ${ms(logIn.settled)}, reload ${ms(median(reload.map(({ screen }) => screen)))}\n`);
      }
    }
  } finally {
    await scene.stop();
  }
  return { rooms, samples, medians: summarize(samples) };
}

/** One log-in and its reloads, in a browser of its own. */
async function runClient(name, { scene, site, reloads }) {
  const opened = await openClient(name, { site, session: await scene.logIn() });
  try {
    const logIn = await load(name, opened, scene, LOG_IN_LIMIT_MS);
    const reload = [];
    for (let count = 0; count < reloads; count++) reload.push(await load(name, opened, scene, RELOAD_LIMIT_MS));
    return { logIn, reload, silent: await silentReload(name, opened, scene) };
  } finally {
    await opened.close();
  }
}

/** One navigation, up to when the client has nothing more to do. */
async function load(name, opened, scene, limitMs) {
  await scene.resetStats();
  const times = await loadClient(name, opened, limitMs);
  await sleep(SETTLE_MS);
  const { bytes_out: received, requests } = await scene.stats();
  const seen = await opened.page.evaluate(() => ({
    opened: performance.getEntriesByName('opened')[0]?.startTime,
    block: probe.longestBlock(),
    drawn: globalThis.drawnRooms?.(),
  }));
  return { ...times, received, requests, ...seen };
}

/** A reload while the homeserver answers no `/sync`: what is drawn then comes from the disk. */
async function silentReload(name, opened, scene) {
  await scene.hold(true);
  try {
    return await loadClient(name, opened, RELOAD_LIMIT_MS, ['screen']);
  } finally {
    await scene.hold(false);
  }
}

function summarize(samples) {
  const keys = ['opened', 'rows', 'screen', 'settled', 'block', 'received', 'requests'];
  const of = (list) => Object.fromEntries(keys.map((key) => [key, median(list.map((sample) => sample[key]))]));
  return Object.fromEntries(Object.entries(samples).map(([name, { logIn, reload, silent }]) => [name, { logIn: of(logIn), reload: of(reload), silent: of(silent) }]));
}

const ROWS = [
  ['log-in → first rooms painted (Sash: the provisional list)', 'logIn', 'rows', ms],
  ['log-in → a screenful painted', 'logIn', 'screen', ms],
  ['log-in → everything known and stored (Sash: the complete list)', 'logIn', 'settled', ms],
  ['log-in: longest block of the main thread', 'logIn', 'block', ms],
  ['log-in: bytes from the homeserver', 'logIn', 'received', bytes],
  ['reload → code loaded, store open', 'reload', 'opened', ms],
  ['reload → a screenful painted', 'reload', 'screen', ms],
  ['reload, homeserver silent → a screenful painted', 'silent', 'screen', ms],
  ['reload: longest block of the main thread', 'reload', 'block', ms],
  ['reload: bytes from the homeserver', 'reload', 'received', bytes],
];

function render(results, names, facts, { runs, reloads, slow }) {
  const parts = results.map(({ rooms, medians, samples }) => {
    const head = [`${rooms} rooms${slow ? ', slow homeserver' : ''}`, ...names.map((name) => CLIENTS[name].title), ...(compares(names) ? ['ratio'] : [])];
    const rows = ROWS.map(([title, phase, key, format]) => {
      const values = names.map((name) => medians[name][phase][key]);
      return [title, ...values.map(format), ...(compares(names) ? [ratio(medians['js-sdk'][phase][key], medians.sash[phase][key])] : [])];
    });
    return [table(head, rows), remarks(samples)].filter(Boolean).join('\n\n');
  });
  if (results.length > 1) parts.push(growth(results, names));
  return [...parts, `Medians of ${runs} log-ins and ${runs * reloads} reloads for each client, in turns. Times are from the beginning of the navigation.\n${factsLine(facts)}`].join('\n\n');
}

const compares = (names) => names.includes('sash') && names.includes('js-sdk');

/** The one question of a sweep: does the list come later in a larger account? */
function growth(results, names) {
  const head = ['reload → a screenful painted', ...results.map(({ rooms }) => `${rooms} rooms`)];
  return table(head, names.map((name) => [CLIENTS[name].title, ...results.map(({ medians }) => ms(medians[name].reload.screen))]));
}

/** Whether the two clients showed the same account. Reactions and the like move a room in the plain client's list only, so a few may differ. */
function remarks(samples) {
  const [ours, theirs] = ['sash', 'js-sdk'].map((name) => samples[name]?.reload.at(-1)?.drawn);
  if (!ours || !theirs) return '';
  const shared = ours.filter((room) => theirs.includes(room)).length;
  const most = Math.max(ours.length, theirs.length);
  return shared < most * SAME_ENOUGH ? `Beware: the two clients share only ${shared} of ${most} rooms on screen.` : '';
}

onInterrupt();
try {
  await main();
} catch (error) {
  process.exitCode = report(error);
}
