// The demo homeserver as tests use it: its accounts, and what `/_demo/` can do to it.
import { client } from './client.mjs';
import { startDemoHomeserver } from './servers.mjs';

/** Starts it, quiet unless told otherwise. Returns it with `order(name, body)` for `/_demo/` and `logIn(user, deviceId)`; it ends with the test `t`. */
export async function demoScene(t, { rooms = 50, args = ['--quiet'], port } = {}) {
  const demo = await startDemoHomeserver({ rooms, args, port });
  t.after(demo.stop);
  return {
    ...demo,
    order: (name, body) => client(demo.url).post(`/_demo/${name}`, body),
    /** Logs in by the password that every account there has. Returns what `openSash` takes. */
    logIn: async (user = 'demo', deviceId) => {
      const identifier = { type: 'm.id.user', user };
      const login = { type: 'm.login.password', identifier, password: user, ...(deviceId && { device_id: deviceId }) };
      const answer = await client(demo.url).post('/_matrix/client/v3/login', login);
      return { homeserver: demo.url, userId: answer.user_id, deviceId: answer.device_id, accessToken: answer.access_token };
    },
  };
}
