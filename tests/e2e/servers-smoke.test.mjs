// Our own programs as the other tests start them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, startDemoHomeserver, startSash, tempDir } from './support/index.mjs';

const logIn = (url) =>
  client(url).post('/_matrix/client/v3/login', { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'demo' }, password: 'demo' });

test('the demo homeserver has the rooms it was asked for, and a few special ones', async (t) => {
  const demo = await startDemoHomeserver({ rooms: 30, args: ['--quiet'] });
  t.after(demo.stop);
  const { access_token: token } = await logIn(demo.url);
  const { rooms } = await client(demo.url, token).sync({ timeout: 0 });
  const joined = Object.keys(rooms.join).length;
  assert.ok(joined >= 30 && joined < 40, `30 rooms were asked for, there are ${joined}`);
});

test('the server stands before the demo homeserver, ends cleanly, and starts again on the same data', async (t) => {
  const demo = await startDemoHomeserver({ rooms: 30, args: ['--quiet'] });
  t.after(demo.stop);
  const data = tempDir('data');
  t.after(data.remove);

  const first = await startSash({ homeserver: demo.url, data: data.path });
  t.after(first.stop);
  const { access_token: token, user_id: userId } = await logIn(first.url);
  assert.equal((await client(first.url, token).whoami()).user_id, userId);
  assert.deepEqual(await first.stop(), { code: 0, signal: null }, `it ends by itself on SIGTERM\n${first.output()}`);

  const again = await startSash({ homeserver: demo.url, data: data.path, port: first.port });
  t.after(again.stop);
  assert.equal(again.url, first.url);
});
