// A network line that can be cut: what stands between a client and its homeserver.
import { connect, createServer } from 'node:net';

/** Leads from a port of its own to `target`, a URL. Returns `{ url, cut(), mend(), stop() }`: while it is cut nothing gets through, and nobody answers. */
export async function line(target) {
  const { hostname, port: to } = new URL(target);
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(Number(to), hostname);
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.on('close', () => (sockets.delete(socket), other.destroy()));
      socket.on('error', () => other.destroy());
      socket.pipe(other);
    }
  });
  const listen = (port) => new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address();
  const cut = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}`, cut, mend: () => listen(port), stop: cut };
}
