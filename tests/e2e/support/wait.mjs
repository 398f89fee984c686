// Waiting for what must become true.
import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `check` until it returns something truthy, which is returned; after `timeoutMs` fails with `what` and the last error. */
export async function eventually(what, check, { timeoutMs = 15_000, everyMs = 50 } = {}) {
  const deadline = performance.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      last = `last seen: ${JSON.stringify(value)}`;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`, { cause: last });
    await sleep(everyMs);
  }
}
