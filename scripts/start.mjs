// `npm start`: sets up and builds what is missing, then runs the demo homeserver, the server and the page until ctrl-c.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { freePort, waitForHealth } from './lib/net.mjs';
import { buildNpm, buildPage, buildServer } from './lib/outputs.mjs';
import { builtBinary, distWww, fromRoot } from './lib/paths.mjs';
import { onInterrupt, start, stopAll } from './lib/processes.mjs';
import { demoHomeserver, sashServer } from './lib/programs.mjs';
import { Problem, report, step } from './lib/steps.mjs';

const USAGE = `npm start [-- option …]

  --homeserver URL   serve a real homeserver instead of the demo account
  --rooms N          how many rooms the demo account has (200)
  --port N           where the page is served (8009)
  --help             this text

Other options go to the demo homeserver as they are: \`npm start -- --slow\`.
`;

function parse() {
  const options = { homeserver: { type: 'string' }, rooms: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean' } };
  const { values, tokens } = parseArgs({ options, strict: false, tokens: true, args: process.argv.slice(2) });
  const ours = new Set(Object.keys(options));
  const passed = tokens.filter((token) => !ours.has(token.name)).flatMap(asWritten);
  for (const name of ['homeserver', 'rooms', 'port']) {
    if (values[name] === true) throw new Problem(`--${name} needs a value\n\n${USAGE}`);
  }
  for (const name of ['rooms', 'port']) {
    if (values[name] !== undefined && !/^\d+$/.test(values[name])) throw new Problem(`--${name} needs a number, not ${values[name]}`);
  }
  if (values.homeserver && !URL.canParse(values.homeserver)) throw new Problem(`--homeserver needs a URL such as https://example.org, not ${values.homeserver}`);
  if (values.homeserver && (values.rooms || passed.length > 0)) throw new Problem(`--rooms and ${passed.join(' ') || 'the like'} are for the demo account, not for ${values.homeserver}`);
  return { ...values, passed };
}

/** The words of the command line that a token stands for. */
function asWritten({ kind, rawName, value }) {
  return [kind === 'option' ? rawName : undefined, value].filter((word) => word !== undefined);
}

/** The wanted port, or another one with a line that says so. */
async function port(wanted, what) {
  const got = await freePort(wanted);
  if (got !== wanted) console.log(`  port ${wanted} is busy: ${what} is on ${got}`);
  return got;
}

/** Starts a program, shows what it says under its name, and waits until it answers. If it ends by itself, everything does. */
async function launch({ name, command, args, env = {}, cwd, url, health }, state) {
  await step(`start: ${name}`, async () => {
    const child = start(command, args, { cwd, env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => console.log(`[${name}] ${line}`));
    child.ended.then(({ code, signal }) => {
      if (!state.stopping) state.fail(new Problem(`${name} ended by itself (${signal ?? `code ${code}`})`));
    });
    await waitForHealth(health, { child, name });
    return url;
  });
  return url;
}

/** What the page offers: the homeserver for the engine in the browser, the server it comes from, and the demo account if there is one. */
function pageConfig(upstream, isDemo) {
  return { homeserver: upstream, server: '/', ...(isDemo && { demo: { user: 'demo', password: 'demo' } }) };
}

async function main() {
  const { homeserver, rooms = '200', port: wanted = '8009', passed, help } = parse();
  if (help) return console.log(USAGE);

  mkdirSync(fromRoot('.cache'), { recursive: true });
  const data = mkdtempSync(fromRoot('.cache', 'start-'));
  const state = { stopping: false };
  const failed = new Promise((_, reject) => (state.fail = reject));
  // Whoever starts a program hears of its end too: this one is for the time after.
  failed.catch(() => {});
  const cleanUp = async () => {
    state.stopping = true;
    await stopAll();
    rmSync(data, { recursive: true, force: true });
  };
  onInterrupt(cleanUp, { code: 0 });
  try {
    await buildNpm();
    await buildPage();
    // With the demo homeserver even where it is not started: its features change what cargo builds of every dependency,
    // and changing between the two ways to start would build all of them again.
    await buildServer();
    const binary = (name) => builtBinary(name, ['release']);
    const upstream =
      homeserver ??
      (await launch(demoHomeserver({ binary: binary('demo-homeserver'), port: await port(8008, 'the demo homeserver'), rooms, args: passed }), state));
    const at = await port(Number(wanted), 'the page');
    writeFileSync(join(distWww, 'config.json'), JSON.stringify(pageConfig(upstream, !homeserver)));
    const server = await launch(sashServer({ binary: binary('sash-sync'), homeserver: upstream, port: at, data, page: distWww }), state);
    const page = `${server}/client/`;
    await waitForHealth(page, { name: 'the page', timeoutMs: 10_000 });
    console.log(`\nSash is running before ${upstream}\n\n  ${page}\n\nctrl-c ends it.`);
    await failed;
  } finally {
    await cleanUp();
  }
}

try {
  await main();
} catch (error) {
  process.exit(report(error));
}
