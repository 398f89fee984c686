// For working on this page alone: serves it beside a made-up account that speaks the final sliding sync API, and a
// stand-in for the engine. `node www/dev/serve.mjs [--rooms 5000] [--port 8080]`. Nothing but the page relies on it.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Account } from "./account.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const option = (name, fallback) => Number(process.argv[process.argv.indexOf(`--${name}`) + 1] || 0) * (process.argv.includes(`--${name}`) ? 1 : 0) || fallback;
const port = option("port", 8080);
const account = new Account(option("rooms", 5000));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".json": "application/json" };
const CONFIG = { homeserver: "/", server: "/", demo: { user: "alice", password: "alice" } };

/** The engine's shape over the made-up account, with a bootstrap that takes its time. */
const ENGINE = `
export async function openSash({ homeserver, accessToken }) {
  const sash = new EventTarget();
  const emit = (type, detail) => sash.dispatchEvent(new CustomEvent(type, { detail }));
  const total = ${account.rooms.length};
  const steps = [["start", 0], ["scout", 40], ["whole", total * 0.2], ["whole", total * 0.7], ["complete", total]];
  steps.forEach(([phase, known], i) => setTimeout(() => emit("progress", { phase, roomsKnown: known | 0, roomsTotal: total, bytes: known * 900 | 0 }), i * 700));
  setTimeout(() => emit("status", { state: "live" }), 400);
  sash.fetch = (input, init) => fetch(input, init);
  sash.sync = async (request, { signal } = {}) => {
    const answer = await fetch(homeserver + "/_matrix/client/v4/sync", { method: "POST", body: JSON.stringify(request), signal });
    const body = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(body.error), body, { status: answer.status });
    return body;
  };
  sash.explain = async () => ({ because: ["the account is made up, and so is its order"], connections: [] });
  sash.close = sash.logout = async () => {};
  return sash;
}`;

async function serveFile(path, response) {
  if (path === "/config.json") return send(response, 200, JSON.stringify(CONFIG), ".json");
  const file = join(root, normalize(path === "/" ? "/index.html" : path));
  try {
    send(response, 200, await readFile(file), extname(file));
  } catch {
    if (path === "/sash/index.js") send(response, 200, ENGINE, ".js");
    else send(response, 404, "not here", ".html");
  }
}

function send(response, status, body, extension) {
  response.writeHead(status, { "Content-Type": TYPES[extension] ?? "application/octet-stream", "Cache-Control": "no-store" });
  response.end(body);
}

createServer(async (request, response) => {
  const url = new URL(request.url, "http://page");
  if (!url.pathname.startsWith("/_matrix/")) return serveFile(url.pathname, response);
  let text = "";
  for await (const part of request) text += part;
  const gone = new Promise((resolve) => response.on("close", resolve));
  const { status, body } = await account.answer(request.method, url, text ? JSON.parse(text) : {}, gone);
  send(response, status, JSON.stringify(body), ".json");
}).listen(port, () => console.log(`http://localhost:${port}/ with ${account.rooms.length} rooms`));

setInterval(() => account.chatter(), 3000);
