// A minimal client on the built npm package: one list, one connection, no framework.
import { openSash } from '/sash/index.js';
import { draw, SCREENFUL } from './list.js';

const POLL_MS = 30_000;
const LISTS = {
  all: { range: [0, SCREENFUL - 1], timeline_limit: 1, required_state: { include: [{ type: 'm.room.canonical_alias' }], lazy_members: true } },
};

const session = JSON.parse(localStorage.getItem('bench-session'));
const sash = await openSash(session);
performance.mark('opened');
const rooms = new Map();
/** Set when everything is known: then the list is asked for once more without waiting, and what is drawn is complete. */
let complete = false;
let parked = new AbortController();
let pos;

sash.addEventListener('progress', ({ detail }) => {
  if (detail.phase !== 'complete' || complete) return;
  complete = true;
  parked.abort();
});
complete = sash.status.progress.phase === 'complete';

for (let asked = false; ; ) {
  const atOnce = pos === undefined || complete !== asked;
  const askedComplete = complete;
  parked = new AbortController();
  try {
    const response = await sash.sync({ conn_id: 'bench', pos, timeout: atOnce ? 0 : POLL_MS, lists: LISTS }, { signal: parked.signal });
    pos = response.pos;
    asked = askedComplete;
    merge(response);
    if (askedComplete) probe.painted('settled');
  } catch (error) {
    if (parked.signal.aborted) continue;
    if (error.errcode === 'M_UNKNOWN_POS') pos = undefined;
    else await recover(error);
  }
}

function merge(response) {
  for (const [id, result] of Object.entries(response.rooms ?? {})) {
    const room = { ...(result.initial ? undefined : rooms.get(id)), id };
    if ('name' in result || !room.name) room.name = result.name ?? nameOf(result) ?? id;
    room.stamp = result.bump_stamp ?? room.stamp ?? 0;
    const last = result.timeline?.at(-1);
    if (last) Object.assign(room, { text: last.content?.body ?? last.type, time: last.origin_server_ts });
    rooms.set(id, { text: '', time: room.stamp, ...room });
  }
  draw([...rooms.values()].sort((a, b) => b.stamp - a.stamp), response.lists?.all?.count ?? 0);
}

function nameOf({ heroes }) {
  return heroes?.map((hero) => hero.displayname ?? hero.user_id).join(', ') || undefined;
}

async function recover(error) {
  console.error(`sync failed: ${error.errcode} ${error.message}`);
  await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? 500));
}
