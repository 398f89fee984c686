// The drop-in `fetch`: answers sliding sync from the engine, and lets everything else through to the homeserver.
//
// Invariant: a request that is not to the homeserver's client-server API reaches the network as it is.
import { errorBody, SashError } from "./errors.js";
import type { Answer } from "./link.js";
import type { Wire } from "./messages.js";
import type { Owner } from "./tokens.js";

/** What the drop-in needs of the engine and the world. */
export interface FetchHost {
  /** The homeserver's base URL. */
  homeserver: string;
  /** The browser's own. */
  fetch: typeof fetch;
  /** Answers a sliding sync request; rejects with a `SashError`, or with the signal's reason. */
  answer(wire: Wire, query: string, body: ArrayBuffer, signal: AbortSignal): Promise<Answer>;
  /** Returns the v2 token that a `pos` stands for, or where that is not known one `before` or after it; `undefined` for a `pos` that nobody can place. */
  v2Token(pos: string, before: boolean): Promise<string | undefined>;
  /** Notes the access token of a request. */
  tokenSeen(token: string): Promise<Owner>;
  /** The user forgot a room. */
  forgotten(roomId: string): void;
  /** The device was logged out. */
  loggedOut(): void;
}

/** What we serve beside the homeserver, as `unstable_features` of `/versions`. */
const OUR_FEATURES = {
  "org.matrix.simplified_msc3575": true,
  "org.matrix.msc4186": true,
  "org.matrix.msc4508": true,
  "org.matrix.msc4508.stable": true,
  "org.matrix.msc4538": true,
  "org.matrix.msc4543": true,
};

/** What a homeserver may serve that needs its own sliding sync: thread subscriptions page by its own `pos`. */
const NOT_THROUGH_US = ["org.matrix.msc4306"];

const SYNC: Record<string, Wire> = {
  "/_matrix/client/v4/sync": "v4",
  "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync": "simplified",
};
const V2_SYNC = /^\/_matrix\/client\/(v3|r0)\/sync$/;
const VERSIONS = "/_matrix/client/versions";
const LOGOUT = /^\/_matrix\/client\/(v3|r0)\/logout(\/all)?$/;
const FORGET = /^\/_matrix\/client\/(v3|r0)\/rooms\/([^/]+)\/forget$/;
/** Endpoints whose `from` and `to` may be a `pos`. */
const PAGED = /^\/_matrix\/client\/(v1|v3|r0|unstable)\/(rooms\/[^/]+\/(messages|relations\/.+)|keys\/changes)$/;
/** The shape of a `pos`; the engine knows whether it is one. */
const POS = /^\d+\/s\d+_\d+_\d+$/;

/** Hosts that never exist (RFC 2606): a client that takes a URL for sliding sync alone may be given one. */
const NOWHERE = /\.invalid$/;

/** Makes the drop-in. */
export function createFetch(host: FetchHost): typeof fetch {
  const base = new URL(host.homeserver);
  const prefix = base.pathname.replace(/\/+$/, "");

  /** Returns the path below the homeserver's base URL; `undefined` for what is not the homeserver's. */
  function pathOf(url: URL): string | undefined {
    if (NOWHERE.test(url.hostname) && url.pathname in SYNC) return url.pathname;
    if (url.origin !== base.origin || !url.pathname.startsWith(`${prefix}/_matrix/`)) return undefined;
    return url.pathname.slice(prefix.length);
  }

  return async function sashFetch(input, init) {
    const url = urlOf(input);
    const path = url && pathOf(url);
    if (!url || !path) return host.fetch(input, init);
    const method = (init?.method ?? (input instanceof Request ? input.method : "GET")).toUpperCase();

    const wire = Object.hasOwn(SYNC, path) ? SYNC[path] : undefined;
    if (wire && method === "POST") return sync(host, wire, url, input, init);
    if (method === "GET" && V2_SYNC.test(path)) return json(400, V2_REFUSED);

    const token = tokenOf(url, input, init);
    const target = method === "GET" && PAGED.test(path) ? await translated(host, url) : undefined;
    if (target instanceof Response) return target;
    const response = await (target ? host.fetch(withUrl(target, input, init), init) : host.fetch(input, init));
    if (response.status === 401) return response;
    if (token) void host.tokenSeen(token);
    if (method === "GET" && path === VERSIONS && response.ok) return withOurFeatures(response);
    if (method === "POST" && LOGOUT.test(path) && response.ok) host.loggedOut();
    const forgotten = method === "POST" && response.ok && FORGET.exec(path)?.[2];
    if (forgotten) host.forgotten(decoded(forgotten));
    return response;
  };
}

const V2_REFUSED = {
  errcode: "M_FORBIDDEN",
  error:
    "This device is synced by the Sash engine. A second /sync loop on the same device would take to-device messages, and with them the keys of encrypted " +
    "messages, from the engine. Use sliding sync through this fetch, or close the engine.",
};

async function sync(host: FetchHost, wire: Wire, url: URL, input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
  // `Request` reads every kind of body, and merges what stands in `input` and `init`, as fetch itself would.
  const request = new Request(input instanceof Request ? input : url, withDuplex(init));
  request.signal.throwIfAborted();
  const token = tokenOf(url, input, init);
  if (!token) return json(401, { errcode: "M_MISSING_TOKEN", error: "the request has no access token" });
  const body = await request.arrayBuffer();
  if ((await host.tokenSeen(token)) === "other") {
    return json(403, { errcode: "M_FORBIDDEN", error: "the access token is not of the user and device whom this engine serves" });
  }
  try {
    const answer = await host.answer(wire, url.search.slice(1), body, request.signal);
    return new Response(answer.body, { status: answer.status, headers: JSON_HEADERS });
  } catch (error) {
    request.signal.throwIfAborted();
    if (error instanceof SashError) return json(error.status, errorBody(error));
    throw error;
  }
}

/** What is no percent-encoding stays as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** `undefined` for what fetch will refuse itself. */
function urlOf(input: RequestInfo | URL): URL | undefined {
  try {
    return new URL(input instanceof Request ? input.url : input, globalThis.location?.href);
  } catch {
    return undefined;
  }
}

function tokenOf(url: URL, input: RequestInfo | URL, init: RequestInit | undefined): string | undefined {
  const headers = init?.headers ? new Headers(init.headers) : input instanceof Request ? input.headers : undefined;
  const bearer = headers?.get("authorization")?.match(/^Bearer\s+(\S+)$/i)?.[1];
  return bearer ?? url.searchParams.get("access_token") ?? undefined;
}

/**
 * Returns the URL with each `pos` of ours replaced by the v2 token it stands for, `undefined` if there is none, or the answer to one that nobody can tell any
 * more what it stands for.
 */
async function translated(host: FetchHost, url: URL): Promise<URL | Response | undefined> {
  const result = new URL(url);
  let found = false;
  for (const name of ["from", "to"]) {
    const value = url.searchParams.get(name);
    if (!value || !POS.test(value)) continue;
    try {
      const token = await host.v2Token(value, isBefore(url, name));
      if (token === undefined) return json(400, { errcode: "M_UNKNOWN_POS", error: `${name}: this pos stands for no place any more` });
      result.searchParams.set(name, token);
    } catch (error) {
      if (error instanceof SashError) return json(error.status, errorBody(error));
      throw error;
    }
    found = true;
  }
  return found ? result : undefined;
}

/**
 * Where no token is known for the very place, one before or after it will do: that from which more is shown rather than less. An event or a device list that is
 * told twice costs little, one that is not told costs messages.
 */
function isBefore(url: URL, name: string): boolean {
  const forwards = url.pathname.endsWith("/keys/changes") || url.searchParams.get("dir") === "f";
  return forwards === (name === "from");
}

function withUrl(url: URL, input: RequestInfo | URL, init: RequestInit | undefined): RequestInfo | URL {
  return input instanceof Request ? new Request(url, { ...requestInit(input), ...init }) : url;
}

/** What of a GET request goes into another one. */
function requestInit(request: Request): RequestInit {
  const { method, headers, signal, credentials, cache, redirect, referrerPolicy, integrity, keepalive } = request;
  return { method, headers, signal, credentials, cache, redirect, referrerPolicy, integrity, keepalive };
}

async function withOurFeatures(response: Response): Promise<Response> {
  const text = await response.text();
  const headers = new Headers(response.headers);
  // They speak of the body as it came over the network.
  headers.delete("content-length");
  headers.delete("content-encoding");
  return new Response(addFeatures(text), { status: response.status, statusText: response.statusText, headers });
}

/** What is not the JSON it should be stays as it is. */
function addFeatures(text: string): string {
  try {
    const versions = JSON.parse(text);
    if (typeof versions !== "object" || versions === null || Array.isArray(versions)) return text;
    const features = { ...versions.unstable_features, ...OUR_FEATURES };
    for (const feature of NOT_THROUGH_US) delete features[feature];
    return JSON.stringify({ ...versions, unstable_features: features });
  } catch {
    return text;
  }
}

/** A streamed body needs to be told that it is one way. */
function withDuplex(init: RequestInit | undefined): RequestInit | undefined {
  return init?.body instanceof ReadableStream ? ({ ...init, duplex: "half" } as RequestInit) : init;
}

const JSON_HEADERS = { "content-type": "application/json" };

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: JSON_HEADERS });
}
