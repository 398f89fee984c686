// Runs in the browser: matrix-js-sdk as it is, with the lists that Element Web's sliding sync manager asks for. Puts `element` on the window.
import { ConnectionError, EventStatus, createClient } from 'matrix-js-sdk';
import { SlidingSync, SlidingSyncEvent, SlidingSyncState } from 'matrix-js-sdk/lib/sliding-sync.js';

const ROOM_STATE = [
  ['m.room.join_rules', ''],
  ['m.room.avatar', ''],
  ['m.room.canonical_alias', ''],
  ['m.room.tombstone', ''],
  ['m.room.encryption', ''],
  ['m.room.create', ''],
  ['m.space.child', '*'],
  ['m.space.parent', '*'],
  ['m.room.member', '$ME'],
];
const OPEN_ROOM = { timeline_limit: 50, required_state: [['*', '*']] };
const OPEN_PLAIN_ROOM = { timeline_limit: 50, required_state: [...ROOM_STATE, ['m.room.member', '$LAZY']] };

/** Every list begins with its first eleven rooms. */
const FIRST = [[0, 10]];
const BATCH = 50;
const LISTS = {
  spaces: { timeline_limit: 0, filters: { room_types: ['m.space'] } },
  invites: { timeline_limit: 1, filters: { is_invite: true } },
  favourites: { timeline_limit: 1, filters: { tags: ['m.favourite'] } },
  dms: { timeline_limit: 1, filters: { is_dm: true, is_invite: false, not_tags: ['m.favourite', 'm.lowpriority'] } },
  untagged: { timeline_limit: 1 },
};

const RETRY_MS = 200;

/** How many answers the sliding sync loop had, and what it failed with. */
const seen = { answers: 0, errors: [] };
let client;
let slidingSync;

/** Starts the SDK. `syncUrl` is the base URL of sliding sync, `fetchFn` what carries all its requests (absent: the browser's own), `crypto` whether it encrypts. */
async function start({ account: { userId, deviceId, accessToken }, baseUrl, syncUrl = baseUrl, fetchFn, crypto = false }) {
  client = createClient({ baseUrl, userId, deviceId, accessToken, fetchFn });
  if (crypto) {
    await client.initRustCrypto({ useIndexedDB: true });
    client.getCrypto().globalBlacklistUnverifiedDevices = false;
  }
  const lists = new Map(Object.entries(LISTS).map(([key, list]) => [key, { ranges: FIRST, required_state: ROOM_STATE, ...list }]));
  slidingSync = new SlidingSync(syncUrl, lists, OPEN_ROOM, client, 20_000);
  slidingSync.addCustomSubscription('unencrypted', OPEN_PLAIN_ROOM);
  slidingSync.on(SlidingSyncEvent.Lifecycle, (state, answer, error) => {
    if (error) seen.errors.push(String(error));
    if (state !== SlidingSyncState.Complete) return;
    seen.answers += 1;
    grow();
  });
  await client.startClient({ slidingSync });
}

/** As Element does: whichever list has rooms beyond its window gets a larger one. */
function grow() {
  for (const key of Object.keys(LISTS)) {
    const [[, end]] = slidingSync.getListParams(key).ranges;
    if (end + 1 < slidingSync.getListData(key).joinedCount) slidingSync.setListRanges(key, [[0, end + BATCH]]);
  }
}

/** Opens a room, as far as sliding sync is concerned. */
function view(roomId, { encrypted = false } = {}) {
  if (!encrypted) slidingSync.useCustomSubscription(roomId, 'unencrypted');
  slidingSync.modifyRoomSubscriptions(new Set([...slidingSync.getRoomSubscriptions(), roomId]));
}

function rooms() {
  return client.getRooms().map((room) => ({ id: room.roomId, name: room.name, membership: room.getMyMembership(), isSpace: room.isSpaceRoom(), bumpStamp: room.getBumpStamp() }));
}

/** Sends a text message and returns its id. One that could not be sent is sent again, as whoever uses Element has it do; then its id may have come by sync. */
async function send(roomId, body) {
  const room = client.getRoom(roomId);
  const unsent = () => room.getLiveTimeline().getEvents().find((event) => event.status === EventStatus.NOT_SENT && event.getContent().body === body);
  let sending = client.sendTextMessage(roomId, body);
  for (;;) {
    try {
      return (await sending).event_id;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      console.warn(`"${body}" was not sent: ${error}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      const event = unsent();
      if (!event) return undefined;
      sending = client.resendEvent(event, room);
    }
  }
}

/** The text messages of a room, oldest first, each with the megolm session that it was encrypted in. Bodies of events that could not be decrypted are their errors. */
function messages(roomId) {
  const events = client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? [];
  return events.filter((event) => ['m.room.message', 'm.room.encrypted'].includes(event.getType())).map((event) => ({ id: event.getId(), body: event.getContent().body ?? event.getType(), status: event.status, session: event.getWireContent().session_id }));
}

window.element = {
  start,
  view,
  rooms,
  messages,
  send,
  isEncrypted: (roomId) => client.getCrypto().isEncryptionEnabledInRoom(roomId),
  /** The devices of a user whose keys are known here. */
  devices: async (userId) => [...((await client.getCrypto().getUserDeviceInfo([userId], true)).get(userId)?.keys() ?? [])],
  join: async (roomId) => void (await client.joinRoom(roomId)),
  counts: () => Object.fromEntries(Object.keys(LISTS).map((key) => [key, slidingSync.getListData(key)?.joinedCount ?? 0])),
  seen: () => seen,
  stop: () => client.stopClient(),
};
