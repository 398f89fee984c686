// Sash against Synapse's own sliding sync: the same user, the same homeserver, the same client model, field by field after each step.
//
// `SASH_DIFF_SEED` runs one seed or several (`4,5`), `SASH_DIFF_STEPS` so many steps of each; `SASH_DIFF_LOG` shows what was done from that step on,
// and `SASH_DIFF_ANSWERS` names a file to write to what both sides answered where they differ. `SASH_DIFF_TABLE` names one for a table of the runs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Differential } from './differential/differential.mjs';
import { INTENDED } from './differential/intended.mjs';
import { chooseOperation, OPERATIONS } from './differential/operations.mjs';
import { choices } from './differential/random.mjs';
import { BEFORE, STEPS } from './differential/script.mjs';
import { World } from './differential/world.mjs';
import { startSash, startSynapse } from './support/index.mjs';

const FULL = process.env.SASH_FULL === '1';
const SEEDS = process.env.SASH_DIFF_SEED ? process.env.SASH_DIFF_SEED.split(',').map(Number) : FULL ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] : [1, 2];
const RANDOM_STEPS = Number(process.env.SASH_DIFF_STEPS ?? (FULL ? 120 : 25));
const TIMEOUT_MS = 30 * 60_000;
const SHOWN = Number(process.env.SASH_DIFF_SHOWN ?? 40);
const SHOWN_FROM = process.env.SASH_DIFF_LOG;
const TABLE = process.env.SASH_DIFF_TABLE;

/** What each run came to: `{ name, counts, intended, unintended }`. */
const runs = [];

let synapse;
let sash;
before(async () => {
  synapse = await startSynapse();
  sash = await startSash({ homeserver: synapse.url });
});
after(async () => {
  await sash?.stop();
  await synapse?.stop();
});

test('Sash and Synapse show the same, step by step', { timeout: TIMEOUT_MS }, async (t) => {
  const differential = await prepared('script', BEFORE);
  await concluding(t, 'script', differential, async () => {
    await differential.begin();
    for (const step of STEPS) await (step === 'fresh' ? differential.compareFresh() : differential.step(step));
  });
  const untouched = Object.keys(OPERATIONS).filter((name) => !differential.done.has(name));
  assert.deepEqual(untouched, [], 'every operation is in the script');
  const obsolete = INTENDED.filter(({ id, seldom }) => !seldom && differential.intended.get(id) === 0).map(({ id }) => id);
  assert.deepEqual(obsolete, [], 'intended differences that are no difference any more: take them out');
});

for (const seed of SEEDS) {
  test(`Sash and Synapse show the same whatever happens: seed ${seed}`, { timeout: TIMEOUT_MS }, async (t) => {
    const random = choices(seed);
    const differential = await prepared(`seed-${seed}`, [
      ['create room', { nick: 'a', by: 'bob', invite: ['alice', 'carol'], name: 'A' }],
      ['join', { room: 'a', by: 'alice' }],
      ['create room', { nick: 'b', by: 'carol', invite: ['alice', 'dave'] }],
      ['join', { room: 'b', by: 'alice' }],
      ['create room', { nick: 'c', by: 'dave', invite: ['alice'], name: 'C', space: true }],
    ]);
    await concluding(t, `seed ${seed}`, differential, async () => {
      await differential.begin();
      for (let step = 0; step < RANDOM_STEPS; step += 1) {
        const operations = Array.from({ length: random.between(1, 4) }, () => () => chooseOperation(differential.world, random));
        await differential.step(operations, { strict: false });
        if (step % 20 === 19) await differential.compareFresh();
      }
      await differential.compareFresh();
    });
  });
}

test('every intended difference is one', (t) => {
  const names = Object.keys(runs[0]?.counts ?? {});
  const total = (of) => runs.reduce((sum, run) => sum + of(run), 0);
  const times = INTENDED.map(({ id, what, why }) => ({ id, what, why, times: total(({ intended }) => intended.get(id)) }));
  t.diagnostic(`runs ${runs.length}, ${names.map((name) => `${name} ${total(({ counts }) => counts[name])}`).join(', ')}, unintended differences ${total(({ unintended }) => unintended.length)}`);
  t.diagnostic(`intended differences: ${times.map(({ id, times }) => `${id} ${times}`).join(', ')}`);
  if (TABLE) writeFileSync(TABLE, table(names, times));
  // What is seldom is seen by some of the ten seeds.
  if (FULL) assert.deepEqual(times.filter(({ times }) => times === 0).map(({ id }) => id), [], 'intended differences that none of the runs shows: take them out');
});

function table(names, times) {
  const row = (...cells) => `| ${cells.join(' | ')} |\n`;
  const heads = (...cells) => row(...cells) + row(...cells.map(() => '---'));
  const each = runs.map(({ name, counts, unintended }) => row(name, ...names.map((name) => counts[name]), unintended.length)).join('');
  return heads('run', ...names, 'unintended') + each + '\n' + heads('id', 'times', 'what', 'why') + times.map(({ id, times, what, why }) => row(`\`${id}\``, times, what, why)).join('');
}

async function prepared(suffix, operations) {
  const differential = new Differential(await World.make({ synapse, sash, suffix }));
  for (const operation of operations) await differential.operate(operation, true);
  return differential;
}

/** Tells the counts when `run` has ended, and fails if something differed that should not. */
async function concluding(t, name, differential, run) {
  const error = await run().catch((error) => error);
  const { counts, intended, unintended, log } = differential;
  runs.push({ name, counts, intended, unintended });
  const seen = [...intended].filter(([, times]) => times > 0);
  t.diagnostic(Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', '));
  t.diagnostic(`intended differences: ${seen.map(([id, times]) => `${id} ${times}`).join(', ') || 'none'}`);
  t.diagnostic(`unintended differences: ${unintended.length}`);
  if (unintended.length === 0 && !error) return;
  const short = (value) => (JSON.stringify(value) ?? 'nothing').slice(0, 600);
  const lines = unintended.slice(0, SHOWN).map(({ step, connection, path, sash: ours, synapse: theirs }) => `step ${step}, ${connection}: ${path}\n    Sash    ${short(ours)}\n    Synapse ${short(theirs)}`);
  const from = Number(SHOWN_FROM ?? (unintended[0]?.step ?? counts.steps) - 3);
  const message = [`${unintended.length} unintended differences`, ...lines, `--- what was done from step ${from} on ---`, ...log(from).slice(0, SHOWN_FROM ? undefined : 60)].join('\n');
  throw error ? Object.assign(error, { message: `${error.message}\n${message}` }) : new assert.AssertionError({ message });
}
