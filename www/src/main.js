// Starts the page: a session from the address, from the last visit, or from the login form.
import { App } from "./app.js";
import { byToken, loginPage } from "./login.js";
import { clearSession, loadConfig, loadSession, normaliseUrl, saveSession } from "./session.js";

let app;

async function main() {
  const preset = fromAddress();
  const session = preset.accessToken ? await sessionFrom(preset) : loadSession();
  if (session) open({ ...session });
  else await showLogin(undefined, preset);
}

async function open(session) {
  await app?.close();
  saveSession(session);
  app = new App(session, {
    onLogout: (message) => showLogin(message, message ? session : {}),
    onMode: (mode, server) => open({ ...session, mode, server: server ? normaliseUrl(server) : session.server }),
  });
  document.body.replaceChildren(app.element);
  await app.start();
}

async function showLogin(message, preset = {}) {
  await app?.close();
  app = undefined;
  // A session that ended keeps its data for the next login, but its token is of no use any more.
  if (message) clearSession();
  const config = await loadConfig();
  document.body.replaceChildren(loginPage(config, { message, preset, onLogin: open }));
}

/** Reads the session that the address names, and takes the token out of the address. */
function fromAddress() {
  const url = new URL(location.href);
  const text = (name) => url.searchParams.get(name) ?? undefined;
  const preset = { mode: text("mode"), homeserver: text("homeserver"), server: text("server"), accessToken: text("token"), userId: text("user"), deviceId: text("device") };
  if (preset.accessToken) {
    url.searchParams.delete("token");
    history.replaceState(undefined, "", url);
  }
  return preset;
}

async function sessionFrom({ mode = "engine", homeserver = location.origin, server = location.origin, accessToken, userId, deviceId }) {
  const place = { mode, homeserver: normaliseUrl(homeserver), server: normaliseUrl(server) };
  if (userId && deviceId) return { ...place, accessToken, userId, deviceId };
  return byToken(place, accessToken);
}

main().catch((error) => showLogin(error.message));
