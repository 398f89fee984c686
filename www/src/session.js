// Who is logged in, where, and how rooms are synced. Kept in localStorage, the access token included.

/**
 * @typedef {object} Session
 * @property {"engine" | "server"} mode
 * @property {string} homeserver base URL of the homeserver
 * @property {string} server base URL of a Sash server; may be empty in engine mode
 * @property {string} userId
 * @property {string} deviceId
 * @property {string} accessToken
 */

const KEY = "sash-session";

/** @returns {Session | undefined} */
export function loadSession() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param {Session} session */
export function saveSession(session) {
  localStorage.setItem(KEY, JSON.stringify(session));
}

export function clearSession() {
  localStorage.removeItem(KEY);
}

/** Where client-server requests go: a Sash server passes on what it does not answer itself. */
export function baseUrl({ mode, homeserver, server }) {
  return mode === "server" ? server : homeserver;
}

/** A name for this tab's connection, kept across reloads, so that tabs do not take each other's positions. */
export function connectionId() {
  let id = sessionStorage.getItem("sash-connection");
  if (!id) sessionStorage.setItem("sash-connection", (id = `page-${Math.random().toString(36).slice(2, 8)}`));
  return id;
}

/** @returns {Promise<{ mode?: string, homeserver?: string, server?: string, demo?: { user: string, password: string } }>} */
export async function loadConfig() {
  try {
    const response = await fetch("./config.json");
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/** Makes a base URL of what someone types: "matrix.org", "http://localhost:8008/". */
export function normaliseUrl(input) {
  const text = input.trim().replace(/\/+$/, "");
  if (!text) return location.origin;
  return /^https?:\/\//.test(text) ? text : `${/^(localhost|127\.|\[::1\])/.test(text) ? "http" : "https"}://${text}`;
}

/** Follows a server name to its client-server API, if it publishes one. */
export async function discover(input) {
  const url = normaliseUrl(input);
  if (/^https?:\/\//.test(input.trim()) || !input.trim()) return url;
  try {
    const wellKnown = await (await fetch(`${url}/.well-known/matrix/client`)).json();
    return normaliseUrl(wellKnown["m.homeserver"].base_url);
  } catch {
    return url;
  }
}
