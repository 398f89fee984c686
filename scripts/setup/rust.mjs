// The Rust toolchain and its wasm target. Rust itself is the one thing we do not install: it belongs to the machine's owner.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from '../lib/paths.mjs';
import { ask, Problem, run } from '../lib/steps.mjs';

const RUSTUP = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
const WASM_TARGET = 'wasm32-unknown-unknown';

/** Checks cargo, its version and a C compiler. */
export async function setUpRust() {
  const version = (await ask('rustc', ['--version']))?.match(/\d+\.\d+\.\d+/)?.[0];
  if (!version || !(await ask('cargo', ['--version']))) throw new Problem(`Rust is not installed. Get it with:\n→ ${RUSTUP}`);
  const wanted = readFileSync(fromRoot('Cargo.toml'), 'utf8').match(/^rust-version = "(.+)"/m)[1];
  if (isOlder(version, wanted)) throw new Problem(`Rust ${version} is too old, ${wanted} is needed. Get it with:\n→ rustup update stable`);
  if (!(await ask('cc', ['--version'])))
    throw new Problem('No C compiler (the server links its own SQLite). Get one with:\n→ apt-get install build-essential   (macOS: xcode-select --install)');
  return version;
}

/** rustfmt and clippy, which a minimal toolchain lacks. */
export async function setUpLints() {
  const missing = [];
  for (const [component, command] of [['rustfmt', 'rustfmt'], ['clippy', 'cargo-clippy']]) {
    if (!(await ask(command, ['--version']))) missing.push(component);
  }
  if (missing.length === 0) return 'there';
  const args = ['component', 'add', ...missing];
  await run('rustup', args, { quiet: true, hint: `rustup ${args.join(' ')}` });
  return 'added';
}

/** The standard library for wasm32. */
export async function setUpWasmTarget() {
  const sysroot = await ask('rustc', ['--print', 'sysroot']);
  if (sysroot && existsSync(join(sysroot, 'lib', 'rustlib', WASM_TARGET, 'lib'))) return 'there';
  await run('rustup', ['target', 'add', WASM_TARGET], { quiet: true, hint: `rustup target add ${WASM_TARGET}   (without rustup: your system's package for it)` });
  return 'added';
}

function isOlder(version, wanted) {
  const [a, b] = [version, wanted].map((text) => text.split('.').map(Number));
  const at = [0, 1, 2].find((i) => (a[i] ?? 0) !== (b[i] ?? 0));
  return at !== undefined && (a[at] ?? 0) < (b[at] ?? 0);
}
