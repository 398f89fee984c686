// The few client-server requests that are not sync.

export class MatrixError extends Error {
  /** @param {number} status @param {{ errcode?: string, error?: string, retry_after_ms?: number }} body */
  constructor(status, body) {
    super(body.error ?? `The server answered ${status}.`);
    this.status = status;
    this.errcode = body.errcode;
    this.retryAfterMs = body.retry_after_ms;
  }
}

export class Api {
  /**
   * @param {string} baseUrl
   * @param {string | undefined} accessToken
   * @param {typeof fetch} fetchFn
   * @param {(bytes: number) => void} [onBytes] told the size of every answer
   */
  constructor(baseUrl, accessToken, fetchFn = (...args) => fetch(...args), onBytes = () => {}) {
    this.baseUrl = baseUrl;
    this.accessToken = accessToken;
    this.fetchFn = fetchFn;
    this.onBytes = onBytes;
  }

  login(user, password) {
    return this.#request("POST", "/login", {
      type: "m.login.password",
      identifier: { type: "m.id.user", user },
      password,
      initial_device_display_name: "Sash demo",
    });
  }

  whoami() {
    return this.#request("GET", "/account/whoami");
  }

  logout() {
    return this.#request("POST", "/logout", {});
  }

  send(roomId, txnId, content) {
    return this.#request("PUT", path`/rooms/${roomId}/send/m.room.message/${txnId}`, content);
  }

  /** Older events, newest first. */
  messages(roomId, from) {
    const query = new URLSearchParams({ dir: "b", limit: "30", from, filter: '{"lazy_load_members":true}' });
    return this.#request("GET", `${path`/rooms/${roomId}/messages`}?${query}`);
  }

  join(roomId) {
    return this.#request("POST", path`/join/${roomId}`, {});
  }

  leave(roomId) {
    return this.#request("POST", path`/rooms/${roomId}/leave`, {});
  }

  markRead(roomId, eventId) {
    return this.#request("POST", path`/rooms/${roomId}/receipt/m.read/${eventId}`, {});
  }

  async #request(method, path, body) {
    const response = await this.fetchFn(`${this.baseUrl}/_matrix/client/v3${path}`, {
      method,
      headers: {
        ...(this.accessToken && { Authorization: `Bearer ${this.accessToken}` }),
        ...(body && { "Content-Type": "application/json" }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    this.onBytes(text.length);
    const json = parse(text);
    if (!response.ok) throw new MatrixError(response.status, json);
    return json;
  }
}

const path = (strings, ...values) => String.raw({ raw: strings }, ...values.map(encodeURIComponent));

export function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
