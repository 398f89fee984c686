// The demo account that everything is measured on: a release build of the demo homeserver, quiet unless a benchmark itself sends something.
import { freePort } from '../../scripts/lib/net.mjs';
import { builtBinary, distWww, root } from '../../scripts/lib/paths.mjs';
import { demoHomeserver, sashServer } from '../../scripts/lib/programs.mjs';
import { Problem, run, step } from '../../scripts/lib/steps.mjs';
import { setUp } from '../../scripts/setup/index.mjs';
import { client, tempDir } from '../../tests/e2e/support/index.mjs';
import { startService } from '../../tests/e2e/support/service.mjs';

const PROFILES = ['release'];

/** Builds the programs: the demo homeserver always, the server if asked for. */
export async function buildPrograms({ server = false } = {}) {
  await setUp('rust');
  const targets = ['--example', 'demo-homeserver', ...(server ? ['--bin', 'sash-sync'] : [])];
  await step(`build: demo homeserver${server ? ' and server' : ''} (release)`, () => run('cargo', ['build', '--locked', '--release', ...targets], { cwd: root }));
}

/**
 * Starts a homeserver whose account `demo` has so many rooms, and a room in which `alice` can speak to it. Returns
 * `{ url, rooms, logIn(), alice, aliceRoom, resetStats(), stats(), hold(on), stop() }`; `logIn` makes a new device each time.
 */
export async function startScene({ rooms, slow = false }) {
  const args = ['--quiet', ...(slow ? ['--slow'] : [])];
  const program = demoHomeserver({ binary: binary('demo-homeserver'), port: await freePort(), rooms, args });
  const service = await startService(program);
  const demo = client(program.url);
  const { room_id: aliceRoom } = await demo.post('/_demo/room', { creator: 'alice', members: ['demo'], name: 'Bench' });
  const alice = await logIn(program.url, 'alice');
  return {
    url: program.url,
    rooms,
    logIn: () => logIn(program.url, 'demo'),
    alice: client(program.url, alice.accessToken),
    aliceRoom,
    resetStats: () => fetch(`${program.url}/_demo/stats`, { method: 'DELETE' }).then((answer) => answer.arrayBuffer()),
    /** Bytes and requests that the homeserver has answered since `resetStats`. */
    stats: async () => (await demo.get('/_demo/stats')).total,
    /** While held, the homeserver answers no /sync. */
    hold: (hold) => demo.post('/_demo/hold', { hold }),
    stop: service.stop,
  };
}

/** Starts the server before a scene, on the folder `data` or a new one. Returns `{ url, pid, data, stop({ keep }) }`. */
export async function startServer(scene, { data } = {}) {
  const folder = data ?? tempDir('bench');
  const program = sashServer({ binary: binary('sash-sync'), homeserver: scene.url, port: await freePort(), data: folder.path, page: distWww });
  const service = await startService(program);
  return {
    url: program.url,
    pid: service.child.pid,
    data: folder,
    stop: async ({ keep = false } = {}) => {
      await service.stop();
      if (!keep) folder.remove();
    },
  };
}

async function logIn(url, name) {
  const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user: name }, password: name };
  const answer = await client(url).post('/_matrix/client/v3/login', body);
  return { homeserver: url, userId: answer.user_id, deviceId: answer.device_id, accessToken: answer.access_token };
}

function binary(name) {
  const path = builtBinary(name, PROFILES);
  if (!path) throw new Problem(`${name} has no release build: leave out --no-build, or \`cargo build --release --bin sash-sync --example demo-homeserver\``);
  return path;
}
