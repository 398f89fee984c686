// What is built: the engine, the npm package (dist/npm), the demo page (dist/www) and the programs (target/).
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { distNpm, distWww, fromRoot, root, targetDir } from './paths.mjs';
import { Problem, run, step } from './steps.mjs';
import { setUp } from '../setup/index.mjs';
import { wbg } from '../setup/wasm-tools.mjs';

/** What the engine is to cost a page that loads it, and what it must never cost: what lies between is said at each build. */
const WASM_TARGET_GZIPPED = 300 * 1024;
const WASM_BUDGET_GZIPPED = 512 * 1024;

const BROWSER_TARGETS = ['chrome110', 'firefox115', 'safari16.4'];

/** wasm-bindgen's JavaScript and types for the engine, where js/ imports them from. Not kept in git. */
const glue = fromRoot('js', 'pkg');

/** Compiles the engine and writes its loader to js/pkg. `profile` is `wasm`, what we ship, or `dev`, which is quick and gives the same types. */
export async function buildEngine({ profile = 'wasm' } = {}) {
  await setUp('rust', 'wasmTarget', 'wasmTools');
  await step(`build: engine (profile ${profile})`, async () => {
    const target = 'wasm32-unknown-unknown';
    // The crate type is named here because cargo optimises nothing at link time of a library that is an rlib as well.
    await run('cargo', ['rustc', '--lib', '--crate-type', 'cdylib', '--locked', '--profile', profile, '--target', target, '--no-default-features']);
    const wasm = join(targetDir, target, profile === 'dev' ? 'debug' : profile, 'sash_sync.wasm');
    // No default path for the wasm file: bundlers would follow it to a place where our package does not have it.
    await run(wbg, ['--target', 'web', '--omit-default-module-path', '--remove-name-section', '--out-dir', glue, '--out-name', 'sash', wasm]);
    return sizes(join(glue, 'sash_bg.wasm'));
  });
}

/** The npm package in dist/npm: the page's part, the worker, the engine and the types. */
export async function buildNpm() {
  await setUp('npm');
  if (!existsSync(fromRoot('js', 'index.ts'))) throw new Problem('js/index.ts does not exist: there is no npm package to build yet.');
  await buildEngine();
  await step('build: npm package', async () => {
    const engine = join(glue, 'sash_bg.wasm');
    await checkEngine(engine);
    rmSync(distNpm, { recursive: true, force: true });
    mkdirSync(distNpm, { recursive: true });
    await bundle([fromRoot('js', 'index.ts'), fromRoot('js', 'worker.ts')], distNpm);
    cpSync(engine, join(distNpm, 'engine.wasm'));
    await run(process.execPath, [tsc, '-p', 'js', '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', distNpm]);
    return sizes(join(distNpm, 'engine.wasm'));
  });
}

/** The demo page in dist/www: www/ as it is, and the npm package under sash/, where the page imports it from. Needs `buildNpm` before. */
export async function buildPage() {
  await step('build: demo page', () => {
    const from = fromRoot('www');
    if (!existsSync(join(from, 'index.html'))) throw new Problem('www/index.html does not exist: there is no demo page to build yet.');
    const notServed = ['dev', 'test', 'tsconfig.json', 'README.md'].map((name) => join(from, name));
    rmSync(distWww, { recursive: true, force: true });
    cpSync(from, distWww, { recursive: true, filter: (path) => !notServed.includes(path) });
    cpSync(distNpm, join(distWww, 'sash'), { recursive: true });
  });
}

/** The server and, unless `demo` is false, the demo homeserver. */
export async function buildServer({ release = true, demo = true } = {}) {
  await setUp('rust');
  const what = demo ? 'server and demo homeserver' : 'server';
  await step(`build: ${what} (${release ? 'release' : 'debug'})`, () =>
    run('cargo', ['build', '--locked', '--bin', 'sash-sync', ...(demo ? ['--example', 'demo-homeserver'] : []), ...(release ? ['--release'] : [])]),
  );
}

/** Where the client of `tests/matrix-sdk` is built: a package of its own, whose dependencies share nothing with ours. */
const sdkTarget = join(targetDir, 'matrix-sdk');
export const sdkProgram = join(sdkTarget, 'debug', 'sash-matrix-sdk');

/** The client on matrix-rust-sdk that tests/e2e runs. Minutes the first time. */
export async function buildSdkProgram() {
  await setUp('rust');
  await step('build: client on matrix-rust-sdk', () =>
    run('cargo', ['build', '--locked', '--manifest-path', fromRoot('tests', 'matrix-sdk', 'Cargo.toml')], { env: { CARGO_TARGET_DIR: sdkTarget } }),
  );
}

const tsc = fromRoot('node_modules', 'typescript', 'bin', 'tsc');

async function bundle(entryPoints, outdir) {
  const { build } = await import('esbuild');
  await build({ entryPoints, outdir, bundle: true, format: 'esm', target: BROWSER_TARGETS, sourcemap: true, logLevel: 'warning', absWorkingDir: root });
}

/** Fails when the engine is too large or would not load: code of another platform shows as an import that no browser gives. */
async function checkEngine(path) {
  const bytes = readFileSync(path);
  const foreign = WebAssembly.Module.imports(await WebAssembly.compile(bytes)).filter(({ module }) => module === 'env');
  if (foreign.length > 0) throw new Problem(`the engine imports from "env", which browsers do not have: ${foreign.map(({ name }) => name).join(', ')}`);
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  if (gzipped > WASM_BUDGET_GZIPPED) throw new Problem(`the engine is ${kilobytes(gzipped)} gzipped, over its budget of ${kilobytes(WASM_BUDGET_GZIPPED)}`);
  if (gzipped > WASM_TARGET_GZIPPED) console.log(`  the engine is ${kilobytes(gzipped - WASM_TARGET_GZIPPED)} gzipped over its target of ${kilobytes(WASM_TARGET_GZIPPED)}`);
}

function sizes(path) {
  return `${kilobytes(statSync(path).size)} raw, ${kilobytes(gzipSync(readFileSync(path), { level: 9 }).length)} gzipped`;
}

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
