// How this page reaches sliding sync. Two ways, one interface; everything else is shared.
import { MatrixError, parse } from "./api.js";

/**
 * @typedef {object} Transport
 * @property {(request: object, options: { signal: AbortSignal }) => Promise<{ response: any, bytes: Promise<number> }>} sync
 *   `POST /_matrix/client/v4/sync`, request and response as there; throws `MatrixError`
 * @property {(roomId: string, connId: string) => Promise<{ because: string[], connections: { because: string[] }[] }>} explain why a room is where it is
 * @property {typeof fetch} fetch for all other client-server requests
 * @property {EventTarget} events "progress" and "status" of an engine, as `CustomEvent`s
 * @property {() => any} status the engine's present status, if it tells
 * @property {() => Promise<void>} close
 * @property {() => Promise<void>} logout forgets what is stored
 */

/**
 * @param {import("./session.js").Session} session
 * @param {{ onTokenExpired: () => void }} callbacks
 * @returns {Promise<Transport>}
 */
export function openTransport(session, callbacks) {
  return session.mode === "server" ? openServer(session) : openEngine(session, callbacks);
}

/** The engine in this browser: a worker that polls the homeserver and keeps the account in IndexedDB. */
async function openEngine({ homeserver, userId, deviceId, accessToken }, { onTokenExpired }) {
  // @ts-ignore the build puts the package there
  const { openSash } = await import("../sash/index.js");
  const sash = await openSash({ homeserver, userId, deviceId, accessToken, onTokenExpired });
  return {
    async sync(request, options) {
      try {
        const response = await sash.sync(request, options);
        return { response, bytes: idle().then(() => JSON.stringify(response).length) };
      } catch (error) {
        throw asMatrixError(error);
      }
    },
    explain: (roomId, connId) => sash.explain(roomId, { connId }),
    fetch: (input, init) => sash.fetch(input, init),
    events: sash,
    status: () => sash.status,
    close: async () => void (await sash.close()),
    logout: async () => void (await sash.logout()),
  };
}

/** A Sash server, or any homeserver that answers the final sliding sync API. */
async function openServer({ server, accessToken }) {
  return {
    async sync(request, { signal }) {
      const answer = await fetch(`${server}/_matrix/client/v4/sync`, {
        method: "POST",
        headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
        body: JSON.stringify(request),
        signal,
      });
      const text = await answer.text();
      if (!answer.ok) throw new MatrixError(answer.status, parse(text));
      return { response: parse(text), bytes: Promise.resolve(text.length) };
    },
    async explain(roomId, connId) {
      const query = new URLSearchParams({ room: roomId, conn_id: connId });
      const answer = await fetch(`${server}/_sash/explain?${query}`, { headers: { Authorization: `Bearer ${accessToken}` } });
      const body = parse(await answer.text());
      if (!answer.ok || !Array.isArray(body.because)) throw new MatrixError(answer.status, body);
      return body;
    },
    fetch: (input, init) => fetch(input, init),
    events: new EventTarget(),
    status: () => undefined,
    close: async () => {},
    logout: async () => {},
  };
}

/** The engine's errors carry `status` and `errcode` where an answer would have had them. */
function asMatrixError(error) {
  if (error?.name === "AbortError" || !error?.errcode) return error;
  return Object.assign(new MatrixError(error.status ?? 400, { errcode: error.errcode, error: error.message }), { retryAfterMs: error.retryAfterMs });
}

/** Waits for a moment in which nothing else is to be done. */
function idle() {
  return new Promise((resolve) => (globalThis.requestIdleCallback ?? setTimeout)(() => resolve(undefined)));
}
