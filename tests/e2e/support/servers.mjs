// Our own programs as a test starts them: the demo homeserver, and the server.
import { builtBinary, distWww } from '../../../scripts/lib/paths.mjs';
import { freePort } from '../../../scripts/lib/net.mjs';
import { demoHomeserver, sashServer } from '../../../scripts/lib/programs.mjs';
import { startService } from './service.mjs';
import { tempDir } from './temp.mjs';

/** Starts the demo homeserver. `args` are further options of it. Returns `{ url, child, output(), stop(), kill() }`. */
export async function startDemoHomeserver({ rooms = 200, args = [], port } = {}) {
  const program = demoHomeserver({ binary: binary('demo-homeserver'), port: port ?? (await freePort()), rooms, args });
  return { url: program.url, ...(await startService(program)) };
}

/**
 * Starts the server before `homeserver`. To start it again on the same data, as after a crash, give the first one's `data` and `port`: then nobody
 * but the caller removes `data`. Returns `{ url, port, data, child, output(), stop(), kill() }`.
 */
export async function startSash({ homeserver, data, port, args = [], env = {} }) {
  const own = data === undefined ? tempDir('data') : undefined;
  const bound = port ?? (await freePort());
  const program = sashServer({ binary: binary('sash-sync'), homeserver, port: bound, data: data ?? own.path, page: distWww, args, env });
  const service = await startService(program);
  const stop = async () => {
    const end = await service.stop();
    own?.remove();
    return end;
  };
  return { ...service, url: program.url, port: bound, data: data ?? own.path, stop };
}

function binary(name) {
  const path = builtBinary(name);
  if (!path) throw new Error(`${name} is not built: \`npm test -- e2e\` does it, or \`cargo build --bin sash-sync --example demo-homeserver\``);
  return path;
}
