// A static file server as an application's own would be, with the headers that make a page cross-origin isolated (fine timers).
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'cross-origin',
  'access-control-allow-origin': '*',
  'cache-control': 'no-store',
};

/**
 * Serves the folder `dir` on 127.0.0.1. `pages` are made-up files by path, such as `{ '/index.html': '<script …>' }`. Returns `{ url, stop() }`.
 */
export async function servePage(dir, { pages = {}, port = 0 } = {}) {
  const server = createServer((request, response) => {
    const path = decode(new URL(request.url, 'http://localhost').pathname);
    const name = path.endsWith('/') ? `${path}index.html` : path;
    const type = { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' };
    if (Object.hasOwn(pages, name)) return response.writeHead(200, { ...HEADERS, ...type }).end(pages[name]);
    const file = fileIn(dir, name);
    if (!file) return response.writeHead(404, HEADERS).end();
    response.writeHead(200, { ...HEADERS, ...type });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function fileIn(dir, name) {
  const path = normalize(join(dir, name));
  if (!path.startsWith(normalize(dir) + sep)) return undefined;
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

function decode(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return '/';
  }
}
