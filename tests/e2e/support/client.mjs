// The client-server API as the tests need it: a thin wrapper of fetch, with no knowledge of sync.
import { randomUUID } from 'node:crypto';

/** An answer that is not a 2xx: `status`, and `errcode` and `body` if it was JSON. */
export class ApiError extends Error {
  constructor(method, url, status, body) {
    super(`${method} ${url}: ${status} ${JSON.stringify(body)}`);
    Object.assign(this, { status, body, errcode: body?.errcode });
  }
}

/** Speaks to the homeserver (or the server that stands before it) at `url` as the owner of `token`. */
export function client(url, token) {
  const send = async (method, path, body, { signal } = {}) => {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': 'application/json' }) };
    const response = await fetch(new URL(path, url), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
    const text = await response.text();
    const parsed = parse(text);
    if (!response.ok) throw new ApiError(method, path, response.status, parsed ?? text);
    return parsed;
  };
  const room = (roomId, rest) => `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/${rest}`;
  const withKey = (type, key) => `${encodeURIComponent(type)}/${encodeURIComponent(key)}`;

  const get = (path, options) => send('GET', path, undefined, options);
  const post = (path, body = {}, options) => send('POST', path, body, options);
  const put = (path, body, options) => send('PUT', path, body, options);
  return {
    url,
    token,
    get,
    post,
    put,
    /** Makes a room and returns its id. `options` is the body of /createRoom. */
    createRoom: async (options = {}) => (await post('/_matrix/client/v3/createRoom', options)).room_id,
    /** Sends an event and returns its id; a string is a text message. */
    send: async (roomId, content, type = 'm.room.message') => {
      const body = typeof content === 'string' ? { msgtype: 'm.text', body: content } : content;
      return (await put(room(roomId, `send/${withKey(type, randomUUID())}`), body)).event_id;
    },
    setState: async (roomId, type, stateKey, content) => (await put(room(roomId, `state/${withKey(type, stateKey)}`), content)).event_id,
    redact: async (roomId, eventId) => (await put(room(roomId, `redact/${withKey(eventId, randomUUID())}`), {})).event_id,
    invite: (roomId, userId) => post(room(roomId, 'invite'), { user_id: userId }),
    join: (roomIdOrAlias) => post(`/_matrix/client/v3/join/${encodeURIComponent(roomIdOrAlias)}`),
    leave: (roomId) => post(room(roomId, 'leave')),
    kick: (roomId, userId) => post(room(roomId, 'kick'), { user_id: userId }),
    ban: (roomId, userId) => post(room(roomId, 'ban'), { user_id: userId }),
    forget: (roomId) => post(room(roomId, 'forget')),
    receipt: (roomId, eventId, type = 'm.read') => post(room(roomId, `receipt/${withKey(type, eventId)}`)),
    typing: (roomId, userId, timeout = 10_000) => put(room(roomId, `typing/${encodeURIComponent(userId)}`), { typing: timeout > 0, timeout }),
    messages: (roomId, query) => get(`${room(roomId, 'messages')}?${new URLSearchParams({ dir: 'b', ...query })}`),
    accountData: (userId, type, content) => put(`/_matrix/client/v3/user/${encodeURIComponent(userId)}/account_data/${encodeURIComponent(type)}`, content),
    /** `messages` is `{ userId: { deviceId: content } }`. */
    toDevice: (type, messages) => put(`/_matrix/client/v3/sendToDevice/${withKey(type, randomUUID())}`, { messages }),
    sync: (query, options) => get(`/_matrix/client/v3/sync?${new URLSearchParams(query)}`, options),
    /** One sliding sync request on the wire that today's clients speak. */
    slidingSync: (body, { pos, timeout = 0, ...options } = {}) =>
      post(`/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?${new URLSearchParams({ timeout, ...(pos && { pos }) })}`, body, options),
    whoami: () => get('/_matrix/client/v3/account/whoami'),
    logout: () => post('/_matrix/client/v3/logout'),
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
