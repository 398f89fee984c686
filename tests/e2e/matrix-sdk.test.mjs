// matrix-rust-sdk, unmodified and as Element X uses it, by URL through the server before a real homeserver. The client is the program in
// tests/matrix-sdk, which takes minutes to build for the first time: only `npm run test:full` runs this.
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { sdkProgram } from '../../scripts/lib/outputs.mjs';
import { start, stop } from '../../scripts/lib/processes.mjs';
import { startSash, startSynapse, tempDir } from './support/index.mjs';

const skip = !process.env.SASH_FULL && 'only `npm run test:full` runs it';
const MINUTES = 60_000;

/** How much of what a program said last is put into the message of a failure. */
const SHOWN = 6_000;

let synapse;
before(async () => {
  if (!skip) synapse = await startSynapse();
});
after(() => synapse?.stop());

const SCENARIOS = {
  'room-list': 'the room list grows to all rooms, keeps its order, and rooms come and go',
  encryption: 'devices exchange encrypted messages, whenever the server is killed and whoever is away',
  notifications: 'a notification is fetched by another client on the same store',
  'same-store': 'a client that starts again on its store goes on where it was',
  'changed-server': 'a client moves between the homeserver and the server with what it has stored',
};

for (const [name, what] of Object.entries(SCENARIOS)) {
  test(`matrix-rust-sdk: ${what}`, { skip, timeout: 10 * MINUTES }, (t) => runScenario(t, name));
}

/** Runs one scenario of the program, which asks for the server to be killed and started by lines that begin with `!`. */
async function runScenario(t, name) {
  const data = tempDir('data');
  t.after(data.remove);
  let sash = await startSash({ homeserver: synapse.url, data: data.path });
  t.after(() => sash.stop());
  const { url, port } = sash;
  let said = '';
  const orders = {
    kill: () => sash.kill(),
    stop: () => sash.stop(),
    start: async () => {
      said = (said + sash.output()).slice(-SHOWN);
      sash = await startSash({ homeserver: synapse.url, data: data.path, port });
    },
  };

  const log = join(data.path, 'sdk.log');
  const args = [name, '--server', url, '--homeserver', synapse.url, '--log', log];
  const program = start(sdkProgram, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => stop(program));
  let errors = '';
  program.stderr.on('data', (bytes) => (errors = (errors + bytes).slice(-SHOWN)));
  for await (const line of createInterface({ input: program.stdout })) {
    if (line.startsWith('!')) {
      await orders[line.slice(1)]();
      program.stdin.write('done\n');
    } else t.diagnostic(line);
  }
  const { code } = await program.ended;
  if (code === 0) return;
  const kept = join(mkdtempSync(join(tmpdir(), 'sash-failed-')), 'sdk.log');
  copyFileSync(log, kept);
  throw new Error(`${errors}\n--- what the SDK logged: ${kept}; what sash-sync said last ---\n${(said + sash.output()).slice(-SHOWN)}`);
}
