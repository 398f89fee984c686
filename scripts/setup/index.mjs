// What each command needs, set up once per run and only if it is needed.
import { step } from '../lib/steps.mjs';
import { setUpBrowser, setUpDriver } from './browser.mjs';
import { setUpNpm } from './npm.mjs';
import { setUpLints, setUpRust, setUpWasmTarget } from './rust.mjs';
import { setUpSynapse } from './synapse.mjs';
import { setUpWasmTools } from './wasm-tools.mjs';

const STEPS = {
  rust: ['Rust toolchain', setUpRust],
  lints: ['rustfmt and clippy', setUpLints],
  wasmTarget: ['wasm32 target', setUpWasmTarget],
  wasmTools: ['wasm-bindgen tools', setUpWasmTools],
  npm: ['npm packages', setUpNpm],
  browser: ['browser', setUpBrowser],
  driver: ['browser driver', setUpDriver],
  synapse: ['Synapse', setUpSynapse],
};

const outcomes = new Map();

/** Does the named parts of the set-up in order. A part that failed once in this run fails again with the same message. */
export async function setUp(...names) {
  for (const name of names) {
    const [title, work] = STEPS[name];
    if (!outcomes.has(name)) outcomes.set(name, step(`set up: ${title}`, work));
    await outcomes.get(name);
  }
}
