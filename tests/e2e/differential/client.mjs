// A sliding sync client on the wire that today's clients speak: it puts together what a connection brings, as a client has to, and knows nothing of who answers.

/** One connection of one device, and what came of it. */
export class ModelClient {
  #send;

  pos;
  /** By name: `{ count, windows: [{ range, rooms }] }`, as the last answer said. */
  lists = {};
  /** By room id. */
  rooms = new Map();
  /** By type, the content. */
  accountData = {};
  /** By room id, by type, the content. */
  roomAccountData = {};
  /** By room id, who types. */
  typing = {};
  /** By room id, by type, user and thread, where the receipt points. */
  receipts = {};
  /** Every to-device message, in the order of arrival. */
  toDevice = [];
  /** Whose devices are to be asked for again, and whose are not to be followed any more. */
  devices = {};
  oneTimeKeys;
  fallbackKeys;
  /** The answers since `forgetAnswers`, the rooms that were in a window of any, and what they said of each room. */
  answers = [];
  shown = new Set();
  said = new Map();

  #since;

  /** `send(request, pos)` makes one exchange. */
  constructor(send) {
    this.#send = send;
  }

  /** Makes one exchange; returns whether it brought anything but lists. */
  async poll(request) {
    const toDevice = request.extensions?.to_device;
    const body = toDevice ? { ...request, extensions: { ...request.extensions, to_device: { ...toDevice, since: this.#since } } } : request;
    const answer = await this.#send(body, this.pos);
    return this.apply(answer);
  }

  /** What was said is about to be compared: from here on anew. */
  forgetAnswers() {
    this.answers = [];
    this.shown.clear();
    this.said.clear();
    this.devices = {};
  }

  apply(answer) {
    const { pos, lists, rooms = {}, extensions = {} } = answer;
    this.pos = pos;
    this.answers.push(answer);
    this.lists = {};
    for (const [name, { count, ops = [] }] of Object.entries(lists ?? {})) {
      this.lists[name] = { count, windows: ops.map(({ range, room_ids: ids }) => ({ range, rooms: ids })) };
    }
    for (const id of this.inWindows()) this.shown.add(id);
    for (const [id, result] of Object.entries(rooms)) this.#applyRoom(id, result);
    const news = this.#applyExtensions(extensions);
    return news || Object.keys(rooms).length > 0;
  }

  /** The rooms that are in a window of a list now, or in one of `lists`. */
  inWindows() {
    return new Set(this.inOrder());
  }

  /** The rooms of the windows of all lists, one after the other. */
  inOrder() {
    return Object.values(this.lists).flatMap(({ windows }) => windows.flatMap(({ rooms }) => rooms));
  }

  #applyRoom(id, result) {
    const held = this.rooms.get(id);
    const room = result.initial || !held ? new Room() : held;
    const answers = this.said.get(id) ?? [];
    this.said.set(id, answers);
    answers.push({
      initial: result.initial === true,
      wasOutside: held?.inviteState !== undefined,
      limited: result.limited,
      expanded: result.unstable_expanded_timeline === true,
      numLive: result.num_live,
      prevBatch: result.prev_batch,
      timeline: (result.timeline ?? []).map((event) => event.event_id),
      keys: Object.keys(result).sort(),
    });
    this.rooms.set(id, room);
    room.apply(result);
  }

  #applyExtensions({ account_data: accountData, receipts, typing, to_device: toDevice, e2ee }) {
    let news = false;
    for (const { type, content } of accountData?.global ?? []) {
      this.accountData[type] = content;
      news = true;
    }
    for (const [room, events] of Object.entries(accountData?.rooms ?? {})) {
      for (const { type, content } of events) (this.roomAccountData[room] ??= {})[type] = content;
      news ||= events.length > 0;
    }
    for (const [room, { content }] of Object.entries(typing?.rooms ?? {})) {
      this.typing[room] = [...content.user_ids].sort();
      news = true;
    }
    for (const [room, event] of Object.entries(receipts?.rooms ?? {})) {
      this.#applyReceipts(room, event);
      news = true;
    }
    if (toDevice) {
      this.toDevice.push(...toDevice.events);
      this.#since = toDevice.next_batch;
      news ||= toDevice.events.length > 0;
    }
    if (e2ee) {
      const { changed = [], left = [] } = e2ee.device_lists ?? {};
      for (const user of changed) this.devices[user] = 'changed';
      for (const user of left) this.devices[user] = 'left';
      this.oneTimeKeys = e2ee.device_one_time_keys_count ?? this.oneTimeKeys;
      this.fallbackKeys = e2ee.device_unused_fallback_key_types ?? this.fallbackKeys;
      news ||= changed.length + left.length > 0;
    }
    return news;
  }

  #applyReceipts(room, { content }) {
    const held = (this.receipts[room] ??= {});
    for (const [event, types] of Object.entries(content)) {
      for (const [type, users] of Object.entries(types)) {
        for (const [user, data] of Object.entries(users)) held[`${type} of ${user} in ${data.thread_id ?? 'no thread'}`] = { event, ...data };
      }
    }
  }
}

/** What a client knows of a room. */
class Room {
  name;
  avatar;
  heroes;
  isDm = false;
  joinedCount;
  invitedCount;
  notificationCount;
  highlightCount;
  bumpStamp;
  /** Stripped state, by type and state key: there is some only while invited or knocking. */
  inviteState;
  /** By type and state key. */
  state = new Map();
  /** The events since the last hole, oldest first. */
  timeline = [];
  /** Whether the room has earlier events than these, and whether it was an expanded timeline that said so. */
  hasEarlier;
  saidByExpansion = false;

  apply(result) {
    // A client takes a room without stripped state for one that it is in.
    this.inviteState = result.invite_state && new Map(result.invite_state.map((event) => [key(event), event]));
    if (result.name !== undefined) this.name = result.name;
    if (result.avatar !== undefined) this.avatar = result.avatar ?? undefined;
    if (result.heroes !== undefined) this.heroes = result.heroes;
    // On this wire only a room that is sent says whether it is a direct chat.
    this.isDm = result.is_dm ?? this.isDm;
    this.joinedCount = result.joined_count ?? this.joinedCount;
    this.invitedCount = result.invited_count ?? this.invitedCount;
    this.notificationCount = result.notification_count ?? this.notificationCount;
    this.highlightCount = result.highlight_count ?? this.highlightCount;
    this.bumpStamp = result.bump_stamp ?? this.bumpStamp;
    for (const event of result.required_state ?? []) this.state.set(key(event), event);
    this.#applyTimeline(result);
  }

  /** What the user is in the room, as a client works it out. */
  membership(user) {
    const own = (this.inviteState ?? this.state).get(`m.room.member ${user}`);
    return own?.content?.membership ?? (this.inviteState ? 'invite' : 'join');
  }

  #applyTimeline({ initial, limited, timeline = [], unstable_expanded_timeline: expanded }) {
    const fresh = timeline.map((event) => ({ ...event }));
    const ids = new Set(fresh.map((event) => event.event_id));
    const place = this.timeline.findIndex((event) => ids.has(event.event_id));
    if (expanded && (place >= 0 || this.timeline.length === 0)) {
      const before = Math.max(this.timeline.findIndex((event) => event.event_id === fresh[0].event_id), 0);
      const since = this.timeline.findLastIndex((event) => ids.has(event.event_id));
      this.timeline = [...this.timeline.slice(0, before), ...fresh, ...this.timeline.slice(since + 1)];
      if (before === 0) this.#beginsWith(limited, true);
    } else if (initial || (limited && place < 0)) {
      this.timeline = fresh;
      this.#beginsWith(limited, false);
    } else {
      const held = new Set(this.timeline.map((event) => event.event_id));
      this.timeline.push(...fresh.filter((event) => !held.has(event.event_id)));
    }
    for (const event of fresh) if (event.type === 'm.room.redaction') this.#redact(event.redacts ?? event.content?.redacts);
  }

  #beginsWith(limited, expanded) {
    this.hasEarlier = limited;
    this.saidByExpansion = expanded;
  }

  #redact(id) {
    for (const event of [...this.timeline, ...this.state.values()]) {
      if (event.event_id === id) event.redactedHere = true;
    }
  }
}

const key = ({ type, state_key: stateKey }) => `${type} ${stateKey}`;
