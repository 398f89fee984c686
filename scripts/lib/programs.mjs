// How our two programs are called: the one place that knows their options.
import { join } from 'node:path';

/** The demo homeserver on 127.0.0.1, as `{ name, command, args, url, health }`. */
export function demoHomeserver({ binary, port, rooms, args = [] }) {
  const url = `http://127.0.0.1:${port}`;
  return {
    name: 'demo homeserver',
    command: binary,
    args: ['--bind', `127.0.0.1:${port}`, '--rooms', String(rooms), ...args],
    url,
    health: `${url}/_matrix/client/versions`,
  };
}

/** The server on 127.0.0.1 with its data in the folder `data`, as `{ name, command, args, env, cwd, url, health }`. */
export function sashServer({ binary, homeserver, port, data, page, args = [], env = {} }) {
  const url = `http://127.0.0.1:${port}`;
  return {
    name: 'sash-sync',
    command: binary,
    args: ['--homeserver', homeserver, '--bind', `127.0.0.1:${port}`, '--db', join(data, 'sash.sqlite'), '--client-dir', page, ...args],
    cwd: data,
    env,
    url,
    health: `${url}/health`,
  };
}
