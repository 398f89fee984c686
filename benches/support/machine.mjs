// What the figures were measured on.
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { findChromium } from '../../scripts/setup/browser.mjs';
import { ask } from '../../scripts/lib/steps.mjs';

/** Facts by name. The load average tells whether somebody else was using the machine when the run began. */
export async function machineFacts() {
  const chromium = findChromium();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: await ask('git', ['describe', '--always', '--dirty']),
    cores: cpus().length,
    processor: cpus()[0]?.model.trim(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${platform()} ${release()}`,
    node: process.version,
    // Some distributions' launchers say more than their version.
    browser: chromium && (await ask(chromium, ['--version']))?.match(/[A-Z]\w+(?: \w+)* \d+(?:\.\d+)+/)?.[0],
    'load before': loadavg()[0].toFixed(2),
  };
}

export const factsLine = (facts) =>
  Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
