// The way in: by password, by token, or into the demo account.
import { Api } from "./api.js";
import { h } from "./dom.js";
import { baseUrl, discover, normaliseUrl } from "./session.js";

/**
 * @param {{ mode?: string, homeserver?: string, server?: string, demo?: { user: string, password: string } }} config
 * @param {{ message?: string, preset: Partial<import("./session.js").Session>, onLogin: (session: import("./session.js").Session) => void }} options
 */
export function loginPage(config, { message, preset, onLogin }) {
  const field = (label, props) => h("label", { class: "field" }, h("span", {}, label), h("input", { type: "text", autocapitalize: "off", spellcheck: false, ...props }));
  const segment = (name, value, label, checked) => h("label", {}, h("input", { type: "radio", name, value, checked, testid: `login-${name}-${value}`, onchange: update }), h("span", {}, label));
  const segments = (label, ...children) => h("div", { class: "labelled" }, h("span", { "aria-hidden": "true" }, label), h("div", { class: "segments", role: "radiogroup", "aria-label": label }, ...children));

  const mode = preset.mode ?? config.mode ?? "engine";
  const homeserver = field("Homeserver", { name: "homeserver", testid: "login-homeserver", inputMode: "url", value: preset.homeserver || config.homeserver || "/" });
  const server = field("Sash server", { name: "server", testid: "login-server", inputMode: "url", value: preset.server || config.server || "/" });
  const user = field("User", { name: "user", testid: "login-user", autocomplete: "username", placeholder: "alice", value: preset.userId ?? "" });
  const password = field("Password", { name: "password", testid: "login-password", type: "password", autocomplete: "current-password" });
  const token = field("Access token", { name: "token", testid: "login-token", type: "password", autocomplete: "off" });
  const error = h("p", { class: "error", role: "alert", testid: "login-error" }, message ?? "");
  const submit = h("button", { class: "primary", type: "submit", testid: "login-submit" }, "Log in");
  const demo = config.demo && h("button", { class: "demo", type: "button", testid: "login-demo", onclick: () => enter(demoAccess) }, h("strong", {}, "Try the demo account"), h("span", {}, "One click, nothing to fill in"));

  const form = h(
    "form",
    { class: "card", testid: "login-form", onsubmit: (event) => (event.preventDefault(), enter(typedAccess)) },
    demo,
    demo && h("p", { class: "or" }, h("span", {}, "or with your own account")),
    segments("Sliding sync is answered by", segment("mode", "engine", "This browser", mode !== "server"), segment("mode", "server", "A server", mode === "server")),
    homeserver,
    server,
    segments("Log in with", segment("by", "password", "Password", true), segment("by", "token", "Access token")),
    user,
    password,
    token,
    error,
    submit,
    h("p", { class: "fine" }, "The session, access token included, is kept in this browser's local storage until you log out."),
  );
  update();
  return h(
    "main",
    { class: "login" },
    h(
      "div",
      { class: "pitch" },
      h("span", { class: "logo big", "aria-hidden": "true" }),
      h("h1", {}, "Sash"),
      h("p", { class: "lead" }, "Sliding sync for every Matrix homeserver."),
      h("ul", {}, h("li", {}, "The room list at once, however large the account."), h("li", {}, "In your browser, or on a server of yours."), h("li", {}, "Nothing to change on the homeserver.")),
    ),
    form,
  );

  function choice(name) {
    return new FormData(form).get(name);
  }

  function update() {
    server.hidden = choice("mode") !== "server";
    user.hidden = password.hidden = choice("by") !== "password";
    token.hidden = choice("by") !== "token";
  }

  function value(name) {
    return String(new FormData(form).get(name) ?? "");
  }

  async function enter(access) {
    error.textContent = "";
    submit.disabled = true;
    form.setAttribute("aria-busy", "true");
    try {
      const place = { mode: choice("mode"), homeserver: await discover(absolute(value("homeserver"))), server: normaliseUrl(absolute(value("server"))) };
      onLogin(await access(place));
    } catch (failure) {
      error.textContent = failure.errcode ? failure.message : `The server cannot be reached (${failure.message}).`;
    }
    submit.disabled = false;
    form.removeAttribute("aria-busy");
  }

  function demoAccess(place) {
    return byPassword(place, config.demo?.user, config.demo?.password);
  }

  function typedAccess(place) {
    return choice("by") === "token" ? byToken(place, value("token")) : byPassword(place, value("user"), value("password"));
  }
}

/** @returns {Promise<import("./session.js").Session>} */
export async function byPassword(place, user, password) {
  const answer = await new Api(baseUrl(place), undefined).login(user, password);
  return { ...place, userId: answer.user_id, deviceId: answer.device_id, accessToken: answer.access_token };
}

/** @returns {Promise<import("./session.js").Session>} */
export async function byToken(place, accessToken) {
  const answer = await new Api(baseUrl(place), accessToken).whoami();
  return { ...place, userId: answer.user_id, deviceId: answer.device_id ?? "", accessToken };
}

/** "/" stands for where this page comes from. */
function absolute(url) {
  return url.trim() === "/" ? location.origin : url;
}
