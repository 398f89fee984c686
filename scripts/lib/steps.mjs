// A visible line per step, with how long it took. Quiet steps show what they printed only when they fail.
import { createInterface } from 'node:readline';
import { root, targetDir } from './paths.mjs';
import { start, stop } from './processes.mjs';

/** What is wrong and which command mends it, for people: printed without a stack trace. */
export class Problem extends Error {}

export const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** Runs `work` as a named step. `work` may return a word or two to show beside the duration. */
export async function step(name, work) {
  const from = performance.now();
  console.log(`▸ ${name}`);
  try {
    const remark = await work();
    console.log(`✓ ${name}${typeof remark === 'string' && remark ? `: ${remark}` : ''} (${seconds(from)})`);
    return remark;
  } catch (error) {
    console.log(`✗ ${name} (${seconds(from)})`);
    throw error;
  }
}

/**
 * Runs a command in the checkout to its end. Returns its whole output when `quiet`; otherwise shows it as it comes, line by line to
 * `onLine` too. Throws a `Problem` when it fails, naming `hint` as the way on.
 */
export async function run(command, args, { quiet = false, onLine, hint, timeoutMs = 40 * 60_000, env = {}, cwd = root } = {}) {
  const child = start(command, args, { cwd, env: { ...process.env, CARGO_TARGET_DIR: targetDir, ...env } });
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (quiet) lines.push(line);
      else console.log(line);
      onLine?.(line);
    });
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stop(child);
  }, timeoutMs);
  const { code, error } = await child.ended;
  clearTimeout(timer);
  if (code === 0 && !timedOut) return lines.join('\n');

  const shown = [command, ...args].join(' ');
  const what = error?.code === 'ENOENT' ? `${command} is not installed` : timedOut ? `gave up after ${timeoutMs / 60_000} min: ${shown}` : `exit code ${code}: ${shown}`;
  throw new Problem([...lines.slice(-60), what, hint && `→ ${hint}`].filter(Boolean).join('\n'));
}

/** The trimmed output of a command, or undefined if it is not there or fails: for asking what a machine has. */
export async function ask(command, args, options) {
  try {
    return (await run(command, args, { timeoutMs: 30_000, ...options, quiet: true })).trim();
  } catch {
    return undefined;
  }
}

/** Prints an error the way its reader needs it and returns the exit code: a `Problem` is a message, anything else is a defect of ours. */
export function report(error) {
  console.error(error instanceof Problem ? `\n${error.message}` : error);
  return 1;
}
