// wasm-bindgen's command line and its test runner, built from tools/ at the version that Cargo.toml pins. Published binaries or
// `cargo install` would follow another lock file than ours.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, contentKey, fromRoot } from '../lib/paths.mjs';
import { makeOnce } from '../lib/lock.mjs';
import { run } from '../lib/steps.mjs';

const BINARIES = ['wbg', 'wasm-bindgen-test-runner'];

/** Where `.cargo/config.toml` expects the runner. */
const binDir = fromRoot('tools', 'target', 'release');

export const wbg = join(binDir, 'wbg');

/** Builds the tools into the cache folder once per version, and copies them to where cargo looks for them. */
export async function setUpWasmTools() {
  const key = contentKey('tools/Cargo.toml', 'tools/Cargo.lock', ...BINARIES.map((name) => `tools/src/bin/${name}.rs`));
  const cached = join(cacheDir, `wasm-tools-${key}-${process.platform}-${process.arch}`);
  const built = await makeOnce(cached, build);
  mkdirSync(binDir, { recursive: true });
  for (const name of BINARIES) install(join(cached, name), join(binDir, name));
  return built ? 'built' : 'from the cache';
}

async function build(dir) {
  const target = join(dir, 'target');
  const args = ['build', '--release', '--locked', '--manifest-path', 'tools/Cargo.toml', '--target-dir', target];
  await run('cargo', args, { quiet: true, hint: `cargo ${args.slice(0, 5).join(' ')}` });
  for (const name of BINARIES) copyFileSync(join(target, 'release', name), join(dir, name));
  rmSync(target, { recursive: true });
}

function install(from, to) {
  if (existsSync(to) && statSync(to).size === statSync(from).size && statSync(to).mtimeMs >= statSync(from).mtimeMs) return;
  // By renaming: a runner that another process is executing cannot be written over.
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}
