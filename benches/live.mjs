// How long a message takes from its sender to another user's page.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onInterrupt } from '../scripts/lib/processes.mjs';
import { report } from '../scripts/lib/steps.mjs';
import { factsLine, machineFacts } from './support/machine.mjs';
import { ms, quantile, summary, table } from './support/numbers.mjs';
import { readOptions } from './support/options.mjs';
import { buildPrograms, startScene } from './support/scene.mjs';
import { buildPages, CLIENTS, clientNames, loadClient, openClient, serveClients } from './support/site.mjs';

const USAGE = `npm run bench:live [-- option …]

  --rooms N        how many rooms the demo account has (5000)
  --events N       how many messages are sent to each client (100)
  --clients A,B    which clients: ${Object.keys(CLIENTS).join(', ')} (all)
  --json FILE      every sample
  --no-build       measure what is built already`;

/** Messages come neither in step with the screen nor with anybody's timer. */
const PAUSE_MS = [60, 240];
/** The first messages warm up what compiles lazily, in every client. */
const WARM_UP = 5;
const LOAD_LIMIT_MS = 15 * 60_000;
const SEEN_LIMIT_MS = 30_000;
const CLOCK_PROBES = 20;

async function main() {
  const options = readOptions(USAGE, { numbers: { rooms: 5000, events: 100 }, words: { clients: Object.keys(CLIENTS).join(',') } });
  if (!options) return;
  const names = clientNames(options.clients);
  const build = !options['no-build'];
  if (build) await buildPrograms();
  await buildPages(names, { build });
  const facts = await machineFacts();
  const site = await serveClients();
  const scene = await startScene({ rooms: options.rooms });
  const results = {};
  try {
    for (const name of names) {
      process.stderr.write(`${CLIENTS[name].title} …\n`);
      results[name] = await measure(name, { scene, site, events: options.events });
    }
  } finally {
    await scene.stop();
    await site.stop();
  }
  console.log(`\n${render(results, options)}\n\n${factsLine(facts)}`);
  if (options.json) writeFileSync(options.json, JSON.stringify({ facts, options, results }, undefined, 1));
}

async function measure(name, { scene, site, events }) {
  const opened = await openClient(name, { site, session: await scene.logIn() });
  try {
    await loadClient(name, opened, LOAD_LIMIT_MS);
    const offset = await clockOffset(opened.page);
    const samples = [];
    for (let number = -WARM_UP; number < events; number++) {
      const sample = await sendOne(opened.page, scene, `Bench message ${number + WARM_UP}.`, offset);
      if (number >= 0) samples.push(sample);
      await sleep(PAUSE_MS[0] + Math.random() * (PAUSE_MS[1] - PAUSE_MS[0]));
    }
    return { fromSent: summary(samples.map(({ fromSent }) => fromSent)), fromAccepted: summary(samples.map(({ fromAccepted }) => fromAccepted)) };
  } finally {
    await opened.close();
  }
}

/** Sends one message as another user. Returns the milliseconds from sending it, and from the homeserver's answer to the sender, to its text in the list. */
async function sendOne(page, scene, text, offset) {
  await page.evaluate((text) => probe.watch(text), text);
  const sent = performance.now();
  await scene.alice.send(scene.aliceRoom, text);
  const accepted = performance.now();
  const seen = await Promise.race([page.evaluate((text) => probe.seen(text), text), sleep(SEEN_LIMIT_MS, undefined, { ref: false })]);
  if (seen === undefined) throw new Error(`not in the list within ${SEEN_LIMIT_MS / 1000} s: ${text}\n${page.log.slice(-20).join('\n')}`);
  return { fromSent: seen - offset - sent, fromAccepted: seen - offset - accepted };
}

/** What is to be taken off the page's clock to have ours: both are monotonic and never stepped. Known to half of the quickest round trip. */
async function clockOffset(page) {
  let best = { trip: Infinity, offset: 0 };
  for (let probe = 0; probe < CLOCK_PROBES; probe++) {
    const before = performance.now();
    const there = await page.evaluate(() => performance.now());
    const after = performance.now();
    if (after - before < best.trip) best = { trip: after - before, offset: there - (before + after) / 2 };
  }
  return best.offset;
}

function render(results, { rooms, events }) {
  const columns = [
    ['sent → in the list, median', 'fromSent', 0.5],
    ['p95', 'fromSent', 0.95],
    ['accepted → in the list, median', 'fromAccepted', 0.5],
    ['p95', 'fromAccepted', 0.95],
  ];
  const rows = Object.entries(results).map(([name, result]) => [CLIENTS[name].title, ...columns.map(([, key, q]) => ms(quantile(result[key].samples, q)))]);
  return table([`${events} live messages, ${rooms} rooms`, ...columns.map(([title]) => title)], rows);
}

onInterrupt();
try {
  await main();
} catch (error) {
  process.exitCode = report(error);
}
