// `npm test`: sets up what the wanted parts need, runs them all, and closes with the counts over everything.
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { integrationTests } from './lib/cargo.mjs';
import { add, countLine, none } from './lib/counts.mjs';
import { buildEngine, buildNpm, buildPage, buildSdkProgram, buildServer } from './lib/outputs.mjs';
import { fromRoot } from './lib/paths.mjs';
import { onInterrupt } from './lib/processes.mjs';
import { Problem, report, run, seconds, step } from './lib/steps.mjs';
import { driverEnvironment } from './setup/browser.mjs';
import { setUp } from './setup/index.mjs';

const USAGE = `npm test [-- [part …] [--seeds=n] [-- filter …]]
npm run test:full        everything, and what takes longer

parts, all of them by default, in this order:
  style   formatting, lints on both targets, repository rules, types
  rust    unit tests, HTTP tests and the others under tests/
  sim     the simulation
  wasm    the tests that run in a worker in Chromium
  e2e     the built package, page and server in Chromium against a real homeserver

--seeds: how many runs the simulation makes (10,000, which take about four minutes on two cores): a million takes some hours
filter: names of tests for rust, sim and wasm; parts of file names for e2e
`;

const WASM = ['--target', 'wasm32-unknown-unknown', '--no-default-features'];

/** Our own code optimised, for the simulation alone: that costs less than a minute, and everything else stays built as it is. */
const OPTIMISED = ['--config', 'profile.test.package.sash-sync.opt-level=1'];

/** Integration tests that a part of their own runs. */
const OWN_PART = ['tidy', 'sim', 'browser'];

/** What may happen in every scenario of the HTTP rules without changing what comes of it (tests/http/scenario/mod.rs). */
const MISHAPS = ['lost', 'restarts', 'state_after', 'lost,restarts,state_after'];

/** Each part is a list of named tasks; all of them run, whatever failed before. `tests` says that a task must have run at least one test. */
const PARTS = { style, rust, sim, wasm, e2e };

async function* style({ full }) {
  yield { name: 'setup', work: () => setUp('rust', 'lints', 'wasmTarget', 'npm'), needed: true };
  for (const manifest of ['Cargo.toml', 'tests/matrix-sdk/Cargo.toml']) yield { name: `cargo fmt, ${manifest}`, work: () => run('cargo', ['fmt', '--check', '--manifest-path', manifest]) };
  yield { name: 'clippy, native', work: () => run('cargo', ['clippy', '--locked', '--lib', '--bins', '--', '-D', 'warnings']) };
  // Tests, examples and benches are programs of their own: they may look at the clock and spawn.
  const programs = ['--tests', '--examples', '--benches', '--', '-D', 'warnings', '-A', 'clippy::disallowed_methods'];
  yield { name: 'clippy, tests and examples', work: () => run('cargo', ['clippy', '--locked', ...programs]) };
  yield { name: 'clippy, wasm32', work: () => run('cargo', ['clippy', '--locked', '--lib', ...WASM, '--', '-D', 'warnings']) };
  if (await hasTest('browser')) {
    const args = ['--test', 'browser', ...WASM, '--', '-D', 'warnings', '-A', 'clippy::disallowed_methods'];
    yield { name: 'clippy, wasm32 tests', work: () => run('cargo', ['clippy', '--locked', ...args]) };
  }
  yield { name: 'repository rules', tests: true, work: (count) => run('cargo', ['test', '--locked', '--test', 'tidy'], count) };
  const unitTests = ['scripts/lib', 'js/test', 'www/test'].flatMap((folder) => testFiles(folder));
  yield { name: 'scripts and page', tests: true, work: (count) => run(process.execPath, nodeTest(unitTests), count) };
  yield { name: 'types', work: checkTypes };
  if (full) yield { name: 'docs', work: () => run('cargo', ['doc', '--locked', '--no-deps', '--lib'], { env: { RUSTDOCFLAGS: '-D warnings' } }) };
}

async function* rust({ full, filter }) {
  yield { name: 'setup', work: () => setUp('rust'), needed: true };
  const tests = (await integrationTests()).filter((name) => !OWN_PART.includes(name));
  if (!tests.includes('http')) yield { name: 'HTTP tests', work: () => missing('tests/http') };
  const targets = ['--lib', '--bins', '--examples', ...tests.flatMap((name) => ['--test', name])];
  // Fuzzing takes half a second a target and always the same inputs, unless we have the time for others.
  const env = full ? { SASH_FUZZ_SECONDS: '15', SASH_FUZZ_SEED: String(Date.now() % 1_000_000), ...process.env } : {};
  yield { name: 'unit and HTTP tests', tests: true, work: (count) => run('cargo', ['test', '--locked', '--no-fail-fast', ...targets, '--', ...filter], { ...count, env }) };
  for (const mishaps of full ? MISHAPS : []) {
    const args = ['test', '--locked', '--no-fail-fast', '--test', 'http', '--', ...(filter.length > 0 ? filter : ['rules::'])];
    yield { name: `HTTP rules with ${mishaps}`, tests: filter.length === 0, work: (count) => run('cargo', args, { ...count, env: { SCENARIO_MISHAPS: mishaps } }) };
  }
  if (filter.length === 0) yield { name: 'doc tests', work: (count) => run('cargo', ['test', '--locked', '--doc'], count) };
}

async function* sim({ seeds, filter }) {
  yield { name: 'setup', work: () => setUp('rust'), needed: true };
  if (!(await hasTest('sim'))) return yield { name: 'simulation', work: () => missing('tests/sim') };
  const env = { SASH_SIM_SEEDS: process.env.SASH_SIM_SEEDS ?? String(seeds ?? 10_000) };
  // It says how far it is, so nobody need wonder whether it still runs.
  const timeoutMs = Math.max(40 * 60_000, Number(env.SASH_SIM_SEEDS) * 100);
  yield { name: 'simulation', tests: true, work: (count) => run('cargo', ['test', '--locked', ...OPTIMISED, '--test', 'sim', '--', ...filter], { ...count, env, timeoutMs }) };
}

async function* wasm({ filter }) {
  yield { name: 'setup', work: () => setUp('rust', 'wasmTarget', 'wasmTools', 'npm', 'browser', 'driver'), needed: true };
  if (!(await hasTest('browser'))) return yield { name: 'worker in Chromium', work: () => missing('tests/browser') };
  const work = (count) => run('cargo', ['test', '--locked', ...WASM, '--test', 'browser', '--', ...filter], { ...count, env: driverEnvironment(), timeoutMs: 15 * 60_000 });
  yield { name: 'worker in Chromium', tests: true, work };
}

async function* e2e({ full, filter }) {
  yield { name: 'setup', work: () => setUp('rust', 'wasmTarget', 'wasmTools', 'npm', 'browser', 'synapse'), needed: true };
  // The package as it ships; the server as the Rust tests have built it already.
  yield { name: 'build', work: async () => { await buildServer({ release: false }); await buildNpm(); await buildPage(); if (full) await buildSdkProgram(); }, needed: true };
  const files = testFiles('tests/e2e').filter((file) => filter.length === 0 || filter.some((word) => basename(file).includes(word)));
  if (files.length === 0) return yield { name: 'end to end', work: () => missing('tests/e2e/*.test.mjs') };
  const env = full ? { SASH_FULL: '1' } : {};
  yield { name: 'end to end', tests: true, work: (count) => run(process.execPath, nodeTest(files), { ...count, env, timeoutMs: (full ? 40 : 20) * 60_000 }) };
}

async function checkTypes() {
  if (!existsSync(fromRoot('js', 'tsconfig.json'))) missing('js/tsconfig.json');
  // The worker's types come from the engine; a development build has the same ones and shares its work with the wasm tests.
  await buildEngine({ profile: 'dev' });
  const projects = ['js', 'www'].filter((name) => existsSync(fromRoot(name, 'tsconfig.json')));
  for (const project of projects) await run(process.execPath, [fromRoot('node_modules', 'typescript', 'bin', 'tsc'), '--noEmit', '-p', project]);
}

function testFiles(folder) {
  if (!existsSync(fromRoot(folder))) return [];
  return readdirSync(fromRoot(folder)).filter((name) => name.endsWith('.test.mjs')).map((name) => fromRoot(folder, name));
}

// One file at a time: each starts servers and a browser of its own, and CI has two cores.
const nodeTest = (files) => ['--test', '--test-concurrency=1', '--test-reporter=spec', '--test-timeout=180000', ...files];

const hasTest = async (name) => (await integrationTests()).includes(name);

function missing(path) {
  throw new Problem(`${path} does not exist: this part has no tests.`);
}

/** Runs one part to its end. Returns its counts; a task that failed without a failed test of its own counts as one. */
async function runPart(name, options) {
  let total = none;
  for await (const { name: task, work, tests, needed } of PARTS[name](options)) {
    let counts = none;
    const onLine = (line) => (counts = add(counts, countLine(line)));
    try {
      if (needed) await work();
      else await step(`${name}: ${task}`, () => work({ onLine }));
      if (tests && counts.passed + counts.failed === 0) throw new Problem(`${name}: ${task} ran no test.`);
    } catch (error) {
      report(error);
      if (counts.failed === 0) counts = add(counts, { passed: 0, failed: 1 });
      if (needed) return add(total, counts);
    }
    total = add(total, counts);
  }
  return total;
}

function parse(args) {
  const split = args.includes('--') ? args.indexOf('--') : args.length;
  const [words, filter] = [args.slice(0, split), args.slice(split + 1)];
  const full = words.includes('--full');
  const given = words.find((word) => word.startsWith('--seeds='))?.slice('--seeds='.length);
  const seeds = given === undefined ? undefined : Number(given);
  if (seeds !== undefined && !(Number.isInteger(seeds) && seeds > 0)) throw new Problem(`--seeds=${given} is no number of seeds\n\n${USAGE}`);
  const parts = words.filter((word) => word !== '--full' && !word.startsWith('--seeds='));
  if (parts.includes('--help')) {
    console.log(USAGE);
    process.exit(0);
  }
  const unknown = parts.filter((part) => !(part in PARTS));
  if (unknown.length > 0) throw new Problem(`unknown part: ${unknown.join(' ')}\n\n${USAGE}`);
  return { parts: parts.length > 0 ? parts : Object.keys(PARTS), full, seeds, filter };
}

onInterrupt();
try {
  const from = performance.now();
  const { parts, ...options } = parse(process.argv.slice(2));
  const summary = [];
  for (const part of parts) {
    const began = performance.now();
    // What fails outside a task (a manifest that cargo cannot read, say) fails its part, and the others still run.
    const counts = await runPart(part, options).catch((error) => ({ passed: 0, failed: report(error) }));
    summary.push({ part, ...counts, took: seconds(began) });
  }
  console.log();
  for (const { part, passed, failed, took } of summary) console.log(`${failed > 0 ? '✗' : '✓'} ${part.padEnd(6)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed  ${took}`);
  const total = summary.reduce(add, none);
  console.log(`in ${seconds(from)}\n\n${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed > 0 ? 1 : 0);
} catch (error) {
  process.exit(report(error));
}
