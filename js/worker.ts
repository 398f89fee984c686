// The dedicated worker: one account's engine, driven by messages. No decisions here: the engine makes them.
import init, { Engine, onPanic } from "./pkg/sash.js";
import { type FromWorker, PROTOCOL, type ToWorker } from "./messages.js";
import type { Status } from "./status.js";

/** How long a reloading page waits for its former worker to let go of the account. */
const LOCK_WAIT_MS = 3000;

/** The part of a dedicated worker's scope that is used here: the DOM's types, which the package's other files need, do not have it. */
interface Scope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
  addEventListener(type: "online", listener: () => void): void;
}

const scope = self as unknown as Scope;

/** The engine; `undefined` before it is opened and after it has failed. */
let engine: Engine | undefined;
let failed = false;

class Refusal extends Error {
  constructor(
    readonly errcode: string,
    message: string,
  ) {
    super(message);
  }
}

scope.addEventListener("message", ({ data }) => {
  if (failed) return;
  try {
    handle(data);
  } catch (error) {
    fail(error);
  }
});

// A trap (out of memory, an exhausted stack) leaves the engine's memory in an unknown state, and does not always pass through a call of ours.
scope.addEventListener("error", ({ error }) => {
  if (error instanceof WebAssembly.RuntimeError) fail(error);
});
scope.addEventListener("unhandledrejection", ({ reason }) => {
  if (reason instanceof WebAssembly.RuntimeError) fail(reason);
});

scope.addEventListener("online", () => {
  try {
    engine?.online();
  } catch (error) {
    fail(error);
  }
});

function handle(message: ToWorker): void {
  switch (message.type) {
    case "open":
      return void reply(message.id, () => open(message));
    case "sync":
      return void sync(message);
    case "abort":
      return engine?.cancel(message.id);
    case "set-token":
      return engine?.setToken(message.token);
    case "v2-token":
      return void reply(message.id, () => opened().v2Token(message.pos, message.before));
    case "forget-room":
      return void reply(message.id, () => opened().forgetRoom(message.roomId));
    case "stop":
      return void reply(message.id, () => opened().stop());
    case "delete":
      return void reply(message.id, () => opened().delete());
  }
}

async function open({ protocol, account, alive, wasmUrl }: ToWorker & { type: "open" }): Promise<void> {
  if (protocol !== PROTOCOL) {
    const text = `the page speaks version ${protocol} of the messages and this worker version ${PROTOCOL}: one of the two files is from another release`;
    throw new Refusal("SASH_ENGINE_FAILED", text);
  }
  if (!navigator.locks) throw new Refusal("SASH_UNSUPPORTED", "Web Locks are missing: the page needs a secure context, that is HTTPS or localhost");
  await hold(alive);
  scope.postMessage({ type: "alive" });
  try {
    await hold(`sash:${account.userId}`, AbortSignal.timeout(LOCK_WAIT_MS));
  } catch {
    throw new Refusal("SASH_ACCOUNT_IN_USE", `${account.userId} is open in another tab; several tabs at a time are not possible yet`);
  }
  try {
    await init({ module_or_path: wasmUrl ?? new URL("./engine.wasm", import.meta.url) });
  } catch (error) {
    throw new Refusal("SASH_ENGINE_FAILED", `the engine could not be loaded: ${text(error)}`);
  }
  onPanic(fail);
  engine = await Engine.open(account, (status) => scope.postMessage({ type: "status", status: status as Status }));
}

/** Takes a lock that only the end of this worker gives back. */
function hold(name: string, signal?: AbortSignal): Promise<void> {
  return new Promise((held, refused) => {
    const forever = () => new Promise<never>(() => held());
    navigator.locks.request(name, signal ? { signal } : {}, forever).catch(refused);
  });
}

async function sync({ id, wire, query, body }: ToWorker & { type: "sync" }): Promise<void> {
  try {
    const answer = await opened().sync(id, wire, query, new Uint8Array(body));
    if (answer) scope.postMessage({ type: "answer", id, status: answer.status, body: answer.body.buffer }, [answer.body.buffer]);
  } catch (error) {
    refuse(id, error);
  }
}

function opened(): Engine {
  if (!engine) throw new Refusal("SASH_CLOSED", "the engine is not open");
  return engine;
}

async function reply(id: number, work: () => Promise<void> | string | undefined): Promise<void> {
  try {
    const value = await work();
    scope.postMessage(typeof value === "string" ? { type: "done", id, value } : { type: "done", id });
  } catch (error) {
    refuse(id, error);
  }
}

function refuse(id: number, error: unknown): void {
  if (error instanceof WebAssembly.RuntimeError) return fail(error);
  const errcode = (error as { errcode?: unknown } | undefined)?.errcode;
  scope.postMessage({ type: "error", id, errcode: typeof errcode === "string" ? errcode : "SASH_ENGINE_FAILED", message: text(error) });
}

/** Says once that the engine is broken; from then on no message is taken. */
function fail(error: unknown): void {
  if (failed) return;
  failed = true;
  engine = undefined;
  scope.postMessage({ type: "failed", message: text(error) });
}

function text(error: unknown): string {
  if (typeof error === "string") return error;
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? message : String(error);
}
