// Ports and health, for everything that starts a server on this machine.
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from './steps.mjs';

/** A port of 127.0.0.1 that is free now: `preferred` if it is, else one that the system picks. */
export async function freePort(preferred = 0) {
  return (await tryPort(preferred)) ?? (await tryPort(0));
}

function tryPort(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const { port: bound } = probe.address();
      probe.close(() => resolve(bound));
    });
  });
}

/** Waits until `url` answers with a 2xx. Fails at once when `child` ends first, and after `timeoutMs` in any case. */
export async function waitForHealth(url, { child, timeoutMs = 60_000, name = url } = {}) {
  const deadline = performance.now() + timeoutMs;
  let ended;
  child?.ended.then((end) => (ended = end));
  let last = 'no answer';
  while (performance.now() < deadline) {
    if (ended) throw new Problem(`${name} ended with code ${ended.code} before it was ready${ended.error ? `: ${ended.error.message}` : ''}`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await response.arrayBuffer();
      if (response.ok) return;
      last = `status ${response.status}`;
    } catch (error) {
      last = error.cause?.code ?? error.message;
    }
    await sleep(50);
  }
  throw new Problem(`${name} was not ready after ${timeoutMs / 1000} s: ${last} at ${url}`);
}
