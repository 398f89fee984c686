// What a process costs, from Linux' /proc. Elsewhere everything is undefined, and the tables say so.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** /proc counts in USER_HZ, which is 100 on every Linux that runs our server. */
const TICK_MS = 10;
const QUIET_MS = 400;

/** The CPU time that all threads of a process have used so far, user and system, in milliseconds. Granularity 10 ms. */
export function cpuMs(pid) {
  // The name in parentheses may hold anything, spaces too: count from behind it.
  const fields = read(`/proc/${pid}/stat`)?.replace(/^.*\)\s+/s, '').split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory in bytes. */
export function memoryBytes(pid) {
  const kilobytes = read(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB/m)?.[1];
  return kilobytes && Number(kilobytes) * 1024;
}

/** Waits until a process has done nothing for a while: work that it left for after its answer is its cost too. */
export async function untilQuiet(pid, { timeoutMs = 120_000 } = {}) {
  const deadline = performance.now() + timeoutMs;
  for (let before = cpuMs(pid); performance.now() < deadline; ) {
    await sleep(QUIET_MS);
    const now = cpuMs(pid);
    if (now === undefined || now - before < TICK_MS) return;
    before = now;
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
