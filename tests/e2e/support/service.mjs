// A server program under test: started, waited for, stopped, and what it said kept for the message of a failing test.
import { waitForHealth } from '../../../scripts/lib/net.mjs';
import { onInterrupt, start, stop } from '../../../scripts/lib/processes.mjs';

const KEPT_OUTPUT = 64 * 1024;

// Node's runner ends a test file with a signal: what the file started must end with it.
onInterrupt();

/**
 * Starts `command` and waits until `health` answers. Returns `{ child, output(), stop(), kill() }`: `stop` asks it to end (SIGTERM) and returns
 * `{ code, signal }`; `kill` is kill -9.
 */
export async function startService({ name, command, args, health, env = {}, cwd, timeoutMs }) {
  const child = start(command, args, { cwd, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output = (output + bytes).slice(-KEPT_OUTPUT)));
  try {
    await waitForHealth(health, { child, name, timeoutMs });
  } catch (error) {
    await stop(child);
    error.message += `\n--- what ${name} said ---\n${output}`;
    throw error;
  }
  return {
    child,
    output: () => output,
    stop: async () => {
      await stop(child);
      return child.ended;
    },
    kill: async () => {
      await stop(child, { signal: 'SIGKILL' });
      return child.ended;
    },
  };
}
