// Child processes that never outlive us. Each child leads a process group of its own, so that ending it ends what it
// started (cargo's test binaries, a driver's browsers), and every group is ended when this process is.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const children = new Set();

/** Starts a child in its own process group and remembers it until it ends. Options are those of `child_process.spawn`. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options, detached: true });
  children.add(child);
  child.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, error }));
    // `close`, not `exit`: by then everything it printed has been read.
    child.once('close', (code, signal) => resolve({ code: code ?? 1, signal }));
  });
  child.ended.then(() => children.delete(child));
  return child;
}

/** Asks a child's whole group to end, and kills it if it has not after `graceMs`. */
export async function stop(child, { signal = 'SIGTERM', graceMs = 5_000 } = {}) {
  if (!children.has(child)) return;
  signalGroup(child, signal);
  await Promise.race([child.ended, sleep(graceMs, undefined, { ref: false })]);
  signalGroup(child, 'SIGKILL');
  await child.ended;
}

export const stopAll = (options) => Promise.all([...children].map((child) => stop(child, options)));

function signalGroup(child, signal) {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

// A last resort for every way out that nobody foresaw; orderly ends call `stop`.
process.on('exit', () => {
  for (const child of children) signalGroup(child, 'SIGKILL');
});

/**
 * On ctrl-c, SIGTERM and a closed terminal: ends the children, runs `cleanUp` and ends this process, with `code` if that is the way it is meant to
 * end. A second signal ends it at once.
 */
export function onInterrupt(cleanUp = () => {}, { code } = {}) {
  let interrupted = false;
  for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]]) {
    process.on(signal, async () => {
      if (interrupted) process.exit(128 + number);
      interrupted = true;
      try {
        await cleanUp();
        await stopAll();
      } finally {
        process.exit(code ?? 128 + number);
      }
    });
  }
}
