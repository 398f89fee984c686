// A plain matrix-js-sdk client on v2 /sync, as applications set it up: IndexedDB store in its worker, lazy members, the default of 8 events a room.
import { ClientEvent, createClient, IndexedDBStore, RoomEvent } from 'matrix-js-sdk';
import { logger } from 'matrix-js-sdk/lib/logger.js';
import { draw, SCREENFUL } from './list.js';

const INITIAL_EVENTS = 8;
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silent };
// Writing to a console that somebody listens to costs time that is not the client's.
logger.disableAll?.();

const { homeserver, userId, deviceId, accessToken } = JSON.parse(localStorage.getItem('bench-session'));
const store = new IndexedDBStore({ indexedDB, dbName: 'bench', localStorage, workerFactory: () => new Worker('/bench/js-sdk-worker.js') });
store.on('degraded', (error) => console.error(`the store gave up: ${error}`));
const client = createClient({ baseUrl: homeserver, userId, deviceId, accessToken, store, logger: silent, timelineSupport: true });

let prepared = false;
let settled = false;
/** Activity by room, so that one event does not cost a look at every timeline. */
const lastActive = new Map();

client.on(RoomEvent.Timeline, (_event, room) => prepared && room && lastActive.set(room.roomId, room.getLastActiveTimestamp()));
client.on(ClientEvent.Sync, async (state) => {
  if (state !== 'PREPARED' && state !== 'SYNCING') return;
  if (!prepared) for (const room of client.getRooms()) lastActive.set(room.roomId, room.getLastActiveTimestamp());
  prepared = true;
  drawList();
  if (state !== 'SYNCING' || settled) return;
  // It would save by itself within five minutes; a reload before that would find nothing.
  settled = true;
  await store.save(true);
  probe.painted('settled');
});

await store.startup();
performance.mark('opened');
await client.startClient({ initialSyncLimit: INITIAL_EVENTS, lazyLoadMembers: true });

function drawList() {
  const newest = [...lastActive].sort((a, b) => b[1] - a[1]).slice(0, SCREENFUL);
  const rooms = newest.map(([id]) => client.getRoom(id)).filter(Boolean);
  draw(rooms.map(asRow), lastActive.size);
}

function asRow(room) {
  const last = room.getLiveTimeline().getEvents().at(-1);
  return { id: room.roomId, name: room.name, text: last?.getContent().body ?? last?.getType() ?? '', time: last?.getTs() ?? 0 };
}
