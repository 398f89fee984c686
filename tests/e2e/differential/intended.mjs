// Where Sash answers otherwise than Synapse on purpose, or where Synapse errs. Each says what, and why with its source; `matches(difference, scene)`
// recognises it as narrowly as it can. A difference that the script does not show any more has no business here: the test says so, but of those that are
// `seldom` seen.

import { canonical } from './compare.mjs';
import { hasNoTimeline } from './memory.mjs';

const ends = (path, ...fields) => fields.some((field) => path.endsWith(`.${field}`));
const without = (ids, others) => ids.filter((id) => !others.has(id));
const all = (list) => (list?.windows ?? []).flatMap(({ rooms }) => rooms);
const any = (answers, field) => (answers ?? []).some((answer) => answer[field] === true);
const membership = (world, id) => world.byId(id)?.members.alice;
const isOutside = (world, id) => ['leave', 'ban'].includes(membership(world, id));
const everJoined = (world, id) => world.byId(id)?.everJoined.has('alice') === true;
const rooms = (world, is) => [...world.rooms.values()].map(({ id }) => id).filter((id) => is(world, id));

/** Left by oneself: Synapse lists it in the one answer that tells of it; Sash for as long as the connection lasts. */
const stays = (world, id) => membership(world, id) === 'leave' && world.byId(id).leftBy === 'alice' && !world.byId(id).forgotten;
/** Kept out by others without ever having been in: Synapse lists it, Sash does not. */
const isKeptOut = (world, id) => isOutside(world, id) && !everJoined(world, id) && world.byId(id).leftBy !== 'alice' && !world.byId(id).forgotten;
/** Invited before the first sync: nobody knows when. */
const isTimeless = (world, id) => world.byId(id)?.timeless === true && membership(world, id) === 'invite';
/** Somebody ignored was the last to say something there. */
const isUnheard = (world, id) => world.byId(id)?.unheard === true;

const isCount = ({ path }) => /^lists\..*\.count$/.test(path);
const isWindow = ({ path }) => /^lists\..*\.windows/.test(path);
const isOrder = ({ path }) => path === 'order.bumpStamp';
/** Whether the windows show all that the list holds. */
const isComplete = (list) => list !== undefined && all(list).length === list.count;

/** Invited, or turned away again, where it was encrypted after the invite. */
const isEncryptedSince = (world, id) => (membership(world, id) === 'invite' || (isOutside(world, id) && !everJoined(world, id))) && world.byId(id).encryptedWhileInvited === true;

/** Whether what makes the counts of a list differ are rooms that one side has for a reason below, one of which is `of` the kind that is asked for. */
function explainedCount({ list, ours, theirs, sash, synapse }, { world, connection, request }, of) {
  const isMore = (id) => stays(world, id) || isEncryptedSince(world, id);
  const isLess = (id) => isKeptOut(world, id) || isEncryptedSince(world, id);
  if (isComplete(ours) && isComplete(theirs)) {
    const [a, b] = [all(ours), all(theirs)];
    const [more, less] = [without(a, new Set(b)), without(b, new Set(a))];
    return more.every(isMore) && less.every(isLess) && [...more, ...less].some((id) => of(world, id));
  }
  const sent = (id) => connection.sash.rooms.has(id);
  const isFiltered = Object.keys(request.lists[list].filters ?? {}).length > 0;
  const [more, less] = [rooms(world, stays).filter(sent), rooms(world, isKeptOut).filter((id) => !sent(id))];
  const either = isFiltered ? rooms(world, isEncryptedSince) : [];
  // Which of them pass a filter cannot be told from here.
  const fits = isFiltered ? sash - synapse <= more.length + either.length && synapse - sash <= less.length + either.length : sash - synapse === more.length - less.length;
  return fits && [...more, ...less, ...either].some((id) => of(world, id));
}

/** Whether two lists that are shown whole differ by `excepted` rooms alone, one of which is `of` the kind that is asked for. */
function explainedList({ ours, theirs, whole }, { world }, of) {
  if (!isComplete(ours) || !isComplete(theirs)) return false;
  const moves = (id) => !whole && (isTimeless(world, id) || isUnheard(world, id));
  const excepted = new Set([...all(ours), ...all(theirs)].filter((id) => stays(world, id) || isKeptOut(world, id) || isEncryptedSince(world, id) || moves(id)));
  const rest = (list) => (whole ? without(all(list), excepted).sort() : without(all(list), excepted)).join();
  return rest(ours) === rest(theirs) && [...excepted].some((id) => of(world, id));
}

/** Whether windows of a longer list show, on each side, what stands there in that side's order of all rooms. */
function isOfOwnOrder({ list }, { world, connection, order, request }) {
  const { ranges, filters = {} } = request.lists[list];
  const isFiltered = Object.keys(filters).length > 0;
  return ['sash', 'synapse'].every((side) => {
    const client = connection[side];
    // A room that was left before this connection was sent it, is not in its lists.
    const all = order[side].inOrder().filter((id) => !(side === 'sash' && stays(world, id) && !client.rooms.has(id)));
    return (client.lists[list]?.windows ?? []).every(({ rooms }, index) => {
      const [first, last] = ranges[index];
      if (!isFiltered) return rooms.join() === all.slice(first, last + 1).join();
      return rooms.join() === all.filter((id) => rooms.includes(id)).join();
    });
  });
}

/** Whether stamps bring the rooms into the same order but for those that one of these reasons moves, and `reason` moves some. */
function explainedOrder({ stamped }, { world, memory, connection, request }, reason) {
  const hasEntered = (id) => world.byId(id).entered || memory.entered.has(id);
  const reasons = {
    timeless: (id) => isTimeless(world, id),
    unheard: (id) => isUnheard(world, id) || memory.unheard.has(id),
    polled: (id) => world.byId(id).polled === true || memory.polled.has(id),
    hidden: (id) => hasEntered(id) && world.byId(id).hidesHistory === true,
    near: (id) => hasEntered(id) && stamped.some((other) => other.id !== id && Math.abs(world.byId(id).bumpedBefore - world.byId(other.id).bumpedAt) < 1_000),
    begun: (id) => memory.begun.has(id) || (any(connection.sash.said.get(id), 'initial') && !any(connection.synapse.said.get(id), 'initial')),
    stale: (id) => memory.stale.has(id) || (hasNoTimeline(request) && connection.sash.said.has(id) !== connection.synapse.said.has(id)),
  };
  const excepted = ({ id }) => Object.values(reasons).some((moves) => moves(id));
  const by = (side) => stamped.filter((room) => !excepted(room)).sort((x, y) => y[side] - x[side]).map(({ id }) => id).join();
  return by('sash') === by('synapse') && stamped.some(({ id }) => reasons[reason](id));
}

/** Whether all of `some` are in `more`, in the same order. */
const isPart = (some, more) => without(more, new Set(without(more, new Set(some)))).join() === some.join();
const isSuffix = (short, long) => short.every((id, place) => long.at(place - short.length) === id);

/** Whether Sash has told nothing more since Alice was in the room. */
const isAsBefore = (now, then) => then !== undefined && canonical(now) === canonical(then);

/** Whether one of the keys of an answer, in words of the wire, and nothing but what goes along with it. */
const says = (keys, wanted, along = ['bump_stamp', 'lists', 'membership']) => keys.split(' ').some((key) => wanted.includes(key)) && keys.split(' ').every((key) => wanted.includes(key) || along.includes(key));
const COUNTS = ['notification_count', 'highlight_count'];

/** Whether a member is held by Sash alone, or by both and Sash's is the newer one. */
const isOlderMember = ({ path, events }, side) => {
  const other = side === 'sash' ? 'synapse' : 'sash';
  if (!path.includes('.state[m.room.member @') || !events) return false;
  return events[side] === undefined || (events[other] !== undefined && events[side].origin_server_ts < events[other].origin_server_ts);
};

export const INTENDED = [
  {
    id: 'unread-counts',
    what: 'notification_count and highlight_count are what the homeserver counts, and a room is sent when they change; Synapse says 0',
    why: 'the fields belong to this API and matrix-js-sdk shows them (clients.md §1; synapse.md §2, synapse#18290)',
    matches: ({ path, sash, synapse }) =>
      (ends(path, 'notificationCount', 'highlightCount') && (synapse === 0 || synapse === undefined)) ||
      (ends(path, 'answer.sent') && synapse === undefined && sash.every((keys) => says(keys, COUNTS))),
  },
  {
    id: 'own-leave-stays-listed',
    what: 'a room that the user has left keeps its place in the lists of the connection that was sent it; Synapse shows it once',
    why: 'v4.md, "Which rooms a list holds": the list would have a hole, and clients count',
    matches: (difference, scene) => (isCount(difference) ? explainedCount(difference, scene, stays) : isWindow(difference) && explainedList(difference, scene, stays)),
  },
  {
    id: 'never-joined-is-not-listed',
    what: 'a room that kicked or banned a user who was never in it is in no list; Synapse lists it',
    why: 'v4.md, "Which rooms a list holds": kicked, banned (only if ever joined)',
    matches: (difference, scene) => (isCount(difference) ? explainedCount(difference, scene, isKeptOut) : isWindow(difference) && explainedList(difference, scene, isKeptOut)),
  },
  {
    id: 'time-of-early-invites',
    what: 'an invite from before the first sync stands where it was first seen',
    why: 'v2 does not say when it was made: the own member event is stripped (synapse.md §12)',
    matches: (difference, scene) => (isOrder(difference) ? explainedOrder(difference, scene, 'timeless') : isWindow(difference) && explainedList(difference, scene, isTimeless)),
  },
  {
    id: 'unstable-polls-bump',
    what: 'a poll under its unstable name moves bump_stamp, as it will under its stable name; for Synapse it does not',
    why: 'v4.md, bump_stamp: m.poll.start; clients still send org.matrix.msc3381.poll.start (clients.md §5.4)',
    matches: (difference, scene) => isOrder(difference) && explainedOrder(difference, scene, 'polled'),
  },
  {
    id: 'hidden-do-not-bump',
    what: 'the bump_stamp of a room just entered is that of the last message that its history visibility shows; Synapse goes by those that it hides as well',
    why: 'v2 does not give what is hidden, and nobody should notice it by the order of rooms',
    // It takes a message that is hidden from somebody who then enters.
    seldom: true,
    matches: (difference, scene) => isOrder(difference) && explainedOrder(difference, scene, 'hidden'),
  },
  {
    id: 'entered-by-its-own-time',
    what: 'the bump_stamp of a room just entered is when its last message was sent, that of the others when theirs reached Sash: within a second the order may be another',
    why: 'design.md §3, activity stamps; v2 does not say how the events of different rooms stand to each other (synapse.md §12)',
    // It takes a room that is entered, and a message elsewhere at the time of its last one.
    seldom: true,
    matches: (difference, scene) => isOrder(difference) && explainedOrder(difference, scene, 'near'),
  },
  {
    id: 'bump-without-timeline',
    what: 'with timeline_limit 0 a room is sent when its counts change, and its bump_stamp with it; Synapse sends neither until something else is new, or sends what is not',
    why: 'synapse.md §5: bump_stamp alone does not make a result; counts do (see unread-counts, unchanged-is-not-sent)',
    matches: (difference, scene) => isOrder(difference) && explainedOrder(difference, scene, 'stale'),
  },
  {
    id: 'ignored-do-not-move',
    what: 'what somebody ignored says moves no room; in Synapse’s lists it does',
    why: 'v2 does not tell of it (synapse.md §12), and who ignores somebody does not want to know',
    matches: (difference, scene) => (isOrder(difference) ? explainedOrder(difference, scene, 'unheard') : isWindow(difference) && explainedList(difference, scene, isUnheard)),
  },
  {
    id: 'unban-is-told',
    what: 'the lifting of a ban is in the timeline; Synapse shows what came before it only',
    why: 'v2 gives it: it is the user’s own member event, as a leave is',
    matches: ({ path, ids, room, sash, synapse, said }, { world }) =>
      world.byId(room)?.unbanned === true &&
      ((path.endsWith('.timeline') && sash.length > 0 && /^m.room.member .* leave /.test(sash.at(-1)) && !ids.synapse.includes(ids.sash.at(-1))) || (ends(path, 'answer.numLive') && sash === 1 && synapse === 0 && said.sash.length > 0) || ends(path, 'hasEarlier', 'answer.limited')),
  },
  {
    id: 'windows-moved',
    what: 'where the order of all rooms differs by such a room, windows show others, and a room that came into view at different times has a longer timeline where it came earlier',
    why: 'follows from own-leave-stays-listed, never-joined-is-not-listed, time-of-early-invites and ignored-do-not-move',
    matches: (difference, scene) => {
      const { path, ids, events, room } = difference;
      if (isWindow(difference)) return scene.connection.name === 'windows' && isOfOwnOrder(difference, scene);
      if (!scene.memory.diverged.has(room)) return false;
      if (path.endsWith('.timeline')) return isSuffix(...(ids.sash.length < ids.synapse.length ? [ids.sash, ids.synapse] : [ids.synapse, ids.sash]));
      // It came into view by other lists as well, which ask for more.
      return path.includes('.answer.') || (path.includes('.state[') && events !== undefined && !path.includes('].'));
    },
  },
  {
    id: 'create-event-room-id',
    what: 'no event carries room_id; in rooms of version 12 Synapse leaves it in the m.room.create event',
    why: 'synapse.md §2: events carry no room_id; the room says it',
    matches: ({ path, sash, event }) => ends(path, 'room_id') && sash === undefined && event?.type === 'm.room.create',
  },
  {
    id: 'outside-without-extras',
    what: 'a room that the user is outside of (invite, knock, turned away) comes with its stripped state, and name, avatar, heroes and timeline are left out',
    why: 'v4.md, stripped_state: such a room carries only that; Synapse gives the present name to those who were only invited',
    matches: ({ path, sash, room, ours }, { world }) => {
      const turnedAway = isOutside(world, room) && !everJoined(world, room);
      if (ends(path, 'name', 'avatar', 'heroes')) return sash === undefined && (ours.inviteState !== undefined || turnedAway);
      if (path.endsWith('.timeline')) return turnedAway && sash.length === 0;
      if (path.includes('.state[') || ends(path, 'answer.sent')) return turnedAway && sash === undefined;
      return turnedAway && ends(path, 'answer.givesTimeline', 'answer.numLive', 'answer.limited');
    },
  },
  {
    id: 'history-before-the-leave',
    what: 'of a room that the user has left or was thrown out of, the history that v2 gives is shown; Synapse hides what is not from the user’s own stay',
    why: 'the user has a right to it and /sync gives it; Synapse filters as if peeking',
    matches: ({ path, ids, room, event }, { world }) =>
      isOutside(world, room) &&
      ((path.endsWith('.timeline') && isPart(ids.synapse, ids.sash)) || ends(path, 'hasEarlier', 'answer.limited') || (path.includes('.state[m.room.member') && !path.includes('].') && event !== undefined)),
  },
  {
    id: 'begins-anew',
    what: 'a room that was seen from inside and is now seen from outside, or the reverse, begins anew: initial, with its bump_stamp; where it was out of the windows meanwhile, Synapse sends what changed, and the bump_stamp of the invite stays',
    why: 'v4.md, stripped_state (our choice): what was known from the one side does not hold on the other',
    matches: (difference, scene) => {
      if (isOrder(difference)) return explainedOrder(difference, scene, 'begun');
      const { memory } = scene;
      const { path, ids, room, sash, synapse, said, ours } = difference;
      const begins = any(said?.sash, 'initial') && !any(said?.synapse, 'initial') && (said.sash.some(({ wasOutside }) => wasOutside) || ours?.inviteState !== undefined);
      if (!begins && !memory.begun.has(room)) return false;
      if (path.endsWith('.timeline')) return isSuffix(ids.synapse, ids.sash) || sash.length === 0;
      if (path.includes('.state[') && !path.includes('].')) return sash === undefined || synapse === undefined;
      return ends(path, 'joinedCount', 'invitedCount', 'name', 'avatar', 'heroes') || (begins && path.includes('.answer.')) || ends(path, 'hasEarlier');
    },
  },
  {
    id: 'heroes-of-a-room-left',
    what: 'a room without a name that the user was thrown out of has heroes; Synapse gives them of joined rooms only',
    why: 'v4.md, heroes: when the room has no name (synapse.md §2)',
    // Who is thrown out in the script, is so of rooms with a name.
    seldom: true,
    matches: ({ path, room, synapse }, { world }) => ends(path, 'heroes') && synapse === undefined && isOutside(world, room) && everJoined(world, room),
  },
  {
    id: 'removed-avatar',
    what: 'an avatar that was taken away is told: avatar: null; Synapse is silent and clients keep it',
    why: 'clients.md §2: avatar null means removed; synapse.md §2',
    matches: ({ path, sash, synapse }) => (ends(path, 'avatar') && sash === undefined) || (ends(path, 'answer.sent') && synapse === undefined && sash.every((keys) => keys.includes('avatar'))),
  },
  {
    id: 'expanded-is-limited',
    what: 'a timeline that reaches further back than before is always limited: true',
    why: 'matrix-js-sdk puts the older events in their place only then (clients.md §6.5)',
    matches: ({ path, sash, said, ours }) => sash === true && ((ends(path, 'answer.limited') && any(said.sash, 'expanded')) || (ends(path, 'hasEarlier') && ours.saidByExpansion)),
  },
  {
    id: 'expanded-only-backwards',
    what: 'unstable_expanded_timeline is set only where the timeline reaches back past what was sent; Synapse sets it whenever the limit grew',
    why: 'v4.md, expanded_timeline',
    matches: ({ path, sash, synapse, said }) => said?.sash && said?.synapse && ((ends(path, 'answer.expanded') && sash === false && synapse === true) || (ends(path, 'answer.limited') && any(said.synapse, 'expanded') && !any(said.sash, 'expanded'))),
  },
  {
    id: 'history-not-held',
    what: 'a list shows as many events as are held since the last gap, and says limited; only subscriptions have more fetched',
    why: 'design.md §3, Connections: older history belongs to /messages',
    matches: ({ path, ids, said, ours, room, sash, synapse }, { request, world }) => {
      if (!ours?.hasEarlier) return false;
      if (ours.timeline[0]?.type === 'm.room.create') return false;
      if (ends(path, 'hasEarlier')) return sash === true;
      if (request.room_subscriptions?.[world.nick(room)] !== undefined) return false;
      if (path.endsWith('.timeline')) return isSuffix(ids.sash, ids.synapse);
      return (ends(path, 'answer.limited') && sash === true && synapse === false && (any(said.sash, 'initial') || any(said.sash, 'expanded')));
    },
  },
  {
    id: 'members-not-held',
    what: 'a list that wants all members shows those that are held; only subscriptions have the others fetched',
    why: 'design.md §3, Connections: /sync is asked for members lazily, and /members for subscriptions only',
    // It takes a room in which somebody never said anything that was shown.
    seldom: true,
    matches: ({ path, sash, room }, { request, world }) => {
      const wantsAll = ({ required_state: state }) => state.some(([type, key]) => ['*', 'm.room.member'].includes(type) && key === '*');
      return path.includes('.state[m.room.member @') && sash === undefined && !path.includes('].') && request.room_subscriptions?.[world.nick(room)] === undefined && Object.values(request.lists).some(wantsAll);
    },
  },
  {
    id: 'live-since-the-join',
    what: 'what happened before the user’s own join is not live, though it is newer than the last request',
    why: 'synapse.md §6: newly joined, only those since then; Synapse counts the invite and what came before',
    matches: ({ path, sash, synapse, said, room }, { world }) => ends(path, 'answer.numLive') && sash < synapse && membership(world, room) === 'join' && any(said.sash, 'initial'),
  },
  {
    id: 'counts-of-a-room-left',
    what: 'the counts of a room that is left do not count the user any more; Synapse sends none and clients keep the old ones',
    why: 'v4.md, joined_count',
    matches: ({ path, room }, { world }) => ends(path, 'joinedCount', 'invitedCount') && isOutside(world, room),
  },
  {
    id: 'unchanged-is-not-sent',
    what: 'an invite is sent once, and a room of which the client has everything is not sent; Synapse repeats invites, heroes, counts, state and timelines',
    why: 'v4.md, Room result: sent if it has changed (what the client has is compared all the same)',
    matches: ({ path, sash, said, ours }) => {
      if (!ends(path, 'answer.sent') || sash !== undefined) return false;
      const held = new Set(ours.timeline.map((event) => event.event_id));
      return said.synapse.every(({ initial, timeline }) => !initial && timeline.every((id) => held.has(id)));
    },
  },
  {
    id: 'own-profile-is-no-join',
    what: 'a change of the user’s own member event is no new stay; Synapse at times begins the room anew: initial',
    why: 'v4.md, initial: the first time, or replace everything; synapse.md §5: newly joined',
    matches: ({ path, ids, room, sash, synapse, said }, { world, memory }) => {
      const restarts = any(said?.synapse, 'initial') && !any(said?.sash, 'initial') && membership(world, room) === 'join' && world.byId(room).aliceChangedAt !== world.step;
      if (restarts && (ends(path, 'answer.limited', 'hasEarlier') || (ends(path, 'answer.initial') && sash === false && synapse === true))) return true;
      return (restarts || memory.restarted.has(room)) && ((path.endsWith('.timeline') && isSuffix(ids.synapse, ids.sash)) || ends(path, 'hasEarlier') || (path.includes('.state[') && synapse === undefined && !path.includes('].')));
    },
  },
  {
    id: 'nothing-new-no-timeline',
    what: 'where no event is new there is no timeline, no limited, prev_batch and num_live; Synapse repeats what was sent',
    why: 'v4.md, Room configurations: sends the latest N if the client has not been sent all of them',
    matches: ({ path, sash, said }) =>
      (ends(path, 'answer.givesTimeline') && sash === false && said.synapse.every(({ timeline }) => timeline.length === 0)) ||
      (ends(path, 'answer.expanded', 'answer.givesTimeline', 'answer.limited') && sash === false && said.synapse.some(({ expanded }) => expanded) && !said.sash.some(({ timeline }) => timeline.length > 0)),
  },
  {
    id: 'aggregations-as-in-v2',
    what: 'bundled aggregations are those that v2 brought with the event, and go when a newer relation arrives',
    why: 'design.md §3, Accumulator: the client has the relations themselves, and can ask /relations',
    matches: ({ path, sash }) => /\.unsigned\.m\.relations/.test(path) && sash === undefined,
  },
  {
    id: 'unsigned-of-state',
    what: 'in unsigned of a state event, membership is there where it came by the timeline, and prev_content and prev_sender where v2 had them',
    why: 'the homeserver’s own answers differ in them from one endpoint to the next',
    matches: ({ path, sash, synapse }) => /\.state\[.*\]\.unsigned\.(membership|prev_content|prev_sender|replaces_state)$/.test(path) && (sash === undefined || synapse === undefined),
  },
  {
    id: 'no-tags',
    what: 'a new connection is told of a room whose tags are all gone that it has none; Synapse says nothing',
    why: 'm.tag without tags is room account data as any (extensions.md, account_data)',
    matches: ({ path, sash, synapse }) => /^roomAccountData\..*\.m\.tag/.test(path) && synapse === undefined && Object.keys(sash?.tags ?? sash).length === 0,
  },
  {
    id: 'kept-at-limit-0',
    what: 'what happened while timeline_limit was 0 comes when the limit grows again; Synapse, which remembers the larger one of before, never sends it',
    why: 'v4.md, Room configurations: sends the latest N if the client has not been sent all of them',
    // It takes a limit of 0 between two others, and news meanwhile.
    seldom: true,
    matches: ({ path, ids, sash, synapse, room }, { memory }) => {
      if (!memory.cut.has(room)) return false;
      if (path.endsWith('.timeline')) return without(ids.sash, new Set(ids.synapse)).length > 0;
      return (ends(path, 'answer.sent') && synapse === undefined && sash.some((keys) => keys.includes('unstable_expanded_timeline'))) || (ends(path, 'answer.expanded') && sash === true);
    },
  },
  {
    id: 'redacted-state-is-told',
    what: 'a state event that is redacted is sent again, redacted; Synapse leaves that to clients, which may not be shown the redaction',
    why: 'v4.md, Room result: sent if it has changed; docs/rules.md: redactions edit what is held',
    // It takes the redaction of the present state, with a timeline limit that does not show it.
    seldom: true,
    matches: ({ path, events, sash, synapse, room }, { world }) =>
      (path.includes('.state[') && events?.sash?.event_id === events?.synapse?.event_id && events?.sash?.unsigned?.redacted_because !== undefined && events.synapse.unsigned?.redacted_because === undefined) ||
      (ends(path, 'answer.sent') && synapse === undefined && world.byId(room).redactedStateAt === world.step && sash.every((keys) => says(keys, ['required_state']))),
  },
  {
    id: 'invites-of-ignored',
    what: 'an invite of somebody ignored is not shown to subscriptions either; Synapse leaves it out of lists only',
    why: 'synapse.md §3: invites by ignored users are dropped; v2 drops them (§12)',
    // It takes a subscription to a room to which somebody ignored has invited.
    seldom: true,
    matches: ({ path, room }, { world, request }) => {
      const { nick, members, invitedBy } = world.byId(room) ?? {};
      return path.startsWith('rooms.') && members?.alice === 'invite' && world.ignored.has(invitedBy) && request.room_subscriptions?.[nick] !== undefined;
    },
  },
  {
    id: 'unheard-is-not-held',
    what: 'what somebody said while ignored is not in the timeline when they are heard again; Synapse brings it back',
    why: 'v2 left it out and does not bring it again (synapse.md §12); paging back does',
    matches: ({ path, ids, room, said }, { world }) => {
      const unheard = world.byId(room)?.unheardIds;
      if (!unheard?.size) return false;
      if (ends(path, 'hasEarlier', 'answer.limited', 'answer.numLive', 'answer.sent', 'answer.expanded')) return said !== undefined;
      if (!path.endsWith('.timeline')) return false;
      const heard = (some) => some.filter((id) => !unheard.has(id));
      return isSuffix(heard(ids.synapse), heard(ids.sash)) || isSuffix(heard(ids.sash), heard(ids.synapse));
    },
  },
  {
    id: 'ignored-take-no-place',
    what: 'what somebody ignored says takes no place in the timeline; Synapse counts it towards the limit, and shows fewer events or none',
    why: 'synapse.md §6: filtered after the limit is applied',
    // Not in the script.
    seldom: true,
    matches: ({ path, ids, room }, { world }) => path.endsWith('.timeline') && world.byId(room)?.unheardIds.size > 0 && isPart(ids.synapse, ids.sash),
  },
  {
    id: 'hidden-take-no-place',
    what: 'what history visibility hides takes no place in the timeline of a room just entered, and what of it is current state is shown; Synapse counts it towards the limit, and shows fewer events',
    why: 'synapse.md §6: filtered after the limit is applied; /sync gives current state whatever the visibility (Synapse: always_include_ids in load_filtered_recents)',
    seldom: true,
    matches: ({ path, ids, room }, { world }) => path.endsWith('.timeline') && world.byId(room)?.hidesHistory === true && isPart(ids.synapse, ids.sash),
  },
  {
    id: 'flushed-members',
    what: 'where a timeline was limited on one side only, that side does not tell of lazy members that changed until they are needed',
    why: 'v4.md, Room configurations: with limited the client flushes its members; follows from the differences in limited',
    matches: (difference, { memory, world }) => !difference.path.includes(world.me.userId) && [...(memory.flushed.get(difference.room) ?? [])].some((side) => isOlderMember(difference, side)),
  },
  {
    id: 'members-of-what-was-sent',
    what: 'where members are wanted lazily from now on, those that the events sent before need come at once; Synapse sends them with the next events',
    why: 'v4.md, Room configurations: growth is answered at once',
    matches: (difference, { memory, world }) => {
      const { path, sash, synapse, room } = difference;
      if (!memory.lazily.has(room) || path.includes(world.me.userId)) return false;
      return isOlderMember(difference, 'synapse') || (ends(path, 'answer.sent') && synapse === undefined && sash.every((keys) => says(keys, ['required_state'])));
    },
  },
  {
    id: 'state-wanted-again',
    what: 'state that changed while it was not wanted comes when it is wanted again; Synapse at times believes the old one to be the present',
    why: 'v4.md, Room configurations: a wider required_state sends the state that the new one matches and the old one did not',
    // It takes state that changes between two requests for it.
    seldom: true,
    matches: ({ path, events, room }, { memory }) => path.includes('.state[') && memory.reconfigured.has(room) && events?.sash !== undefined && events.synapse?.origin_server_ts < events.sash.origin_server_ts,
  },
  {
    id: 'receipts-of-what-is-shown',
    what: 'receipts come with the events that they are on: also where only Sash shows these, and of the newest events of a room that the extension comes to cover after it was sent; Synapse gives those of events in the same answer',
    why: 'extensions.md, receipts; Common rules: enabling in the middle gives what a first request would have given',
    // Not in the script.
    seldom: true,
    matches: ({ path, room, sash, synapse, ours, theirs }, { memory, world }) => {
      if (!path.startsWith('receipts.') || synapse !== undefined) return false;
      const shows = (side) => side?.timeline.some((event) => event.event_id === sash.event) === true;
      return (shows(ours) && !shows(theirs)) || (memory.late.receipts.has(room) && (shows(ours) || path.includes(` of ${world.me.userId} `)));
    },
  },
  {
    id: 'receipts-keep-their-thread',
    what: 'a receipt of a thread says of which; where a room was out of the windows meanwhile, Synapse gives it as one of no thread',
    why: 'extensions.md, receipts: threaded receipts kept apart; Synapse’s _get_linearized_receipts_for_room does not read thread_id',
    // It takes a window that moves after a receipt of a thread.
    seldom: true,
    matches: ({ path, room, sash, synapse }, { memory }) => {
      const whose = path.replace(/^receipts\.[^.]+\./, '').replace(/ in [^@]*$/, ' in no thread');
      return path.startsWith('receipts.') && memory.unthreaded.has(`${room} ${whose}`) && (path.endsWith(' in no thread') ? synapse !== undefined : sash !== undefined);
    },
  },
  {
    id: 'receipts-beside-an-expansion',
    what: 'a receipt on an older event that comes while the timeline is expanded is told; Synapse tells only of those on the events that it shows, and forgets it',
    why: 'extensions.md, receipts: when its timeline expands, those on its events; and changes',
    // It takes a receipt in the very step in which a limit grows.
    seldom: true,
    matches: ({ path, room, sash, synapse }, { memory }) => path.startsWith('receipts.') && synapse === undefined && memory.lost.has(`${room} ${path.replace(/^receipts\.[^.]+\./, '')} ${sash.ts}`),
  },
  {
    id: 'nothing-of-rooms-not-joined',
    what: 'receipts and typing come of joined rooms only; Synapse sends receipts of rooms to which the user is only invited',
    why: 'extensions.md, Common rules: in scope is not permission',
    matches: ({ path, room, sash }, { world, connection, memory }) =>
      membership(world, room) !== 'join' &&
      ((path.startsWith('receipts.') && (sash === undefined || isAsBefore(connection.sash.receipts[room], memory.whenIn.get(room)?.receipts))) ||
        (path.startsWith('typing.') && (sash.length === 0 || isAsBefore(sash, memory.whenIn.get(room)?.typing)))),
  },
  {
    id: 'receipts-before-the-join',
    what: 'receipts and typing from before the user entered the room are not known, receipts not until the whole is laid once more',
    why: 'v2 gives none with a join, only what changes from then on',
    matches: ({ path, room, sash, synapse }, { world }) => {
      const { enteredAt = 0, typedAt = 0 } = world.byId(room) ?? {};
      return (path.startsWith('receipts.') && (sash === undefined || synapse === undefined) && (sash ?? synapse).ts < enteredAt) || (path.startsWith('typing.') && typedAt < enteredAt);
    },
  },
  {
    id: 'left-before-the-login',
    what: 'a room that was left before the first sync is not known, so a subscription to it brings nothing',
    why: 'v2 has such rooms only with include_leave, and then all of them (synapse.md §12)',
    matches: ({ path, room, sash }, { world }) => ends(path, 'known') && sash === false && world.byId(room).aliceChangedAt === 0 && stays(world, room),
  },
  {
    id: 'account-data-out-of-scope',
    what: 'account data of a room that changed while the extension covered no room at all comes when it covers it again; Synapse forgets it',
    why: 'extensions.md, Common rules: a room that leaves scope and returns ends up current',
    matches: ({ path, room }, { memory }) => path.startsWith('roomAccountData.') && memory.missed.has(room),
  },
  {
    id: 'device-lists-superset',
    what: 'device_lists.changed names more users than need be',
    why: 'extensions.md, e2ee: changed may be a superset; v2 counts lazily loaded members as new',
    matches: ({ path, sash, synapse }) => path.startsWith('devices.') && sash === 'changed' && synapse === undefined,
  },
  {
    id: 'typing-out-of-scope',
    what: 'who types in a room that comes back into the scope of the extension is as it is then; Synapse is silent about what changed meanwhile',
    why: 'extensions.md, Common rules: a room that leaves scope and returns ends up current',
    // It takes a window that moves while somebody types.
    seldom: true,
    matches: ({ path, room }, { memory }) => path.startsWith('typing.') && memory.late.typing.has(room),
  },
  {
    id: 'encrypted-since-the-invite',
    what: 'an invite, also one that came to nothing, stands under the filter that its stripped state fits; Synapse looks at the room as it is now',
    why: 'synapse.md §4, Invite/knock: type and encryption come from the stripped state, and that is all that the user is shown (v4.md, stripped_state)',
    // It takes a room that is encrypted while Alice is invited.
    seldom: true,
    matches: (difference, scene) => (isCount(difference) ? explainedCount(difference, scene, isEncryptedSince) : isWindow(difference) && explainedList(difference, scene, isEncryptedSince)),
  },
  {
    id: 'left-without-having-been-in',
    what: 'device_lists.left does not name somebody whose invite or knock came to nothing; Synapse names them if there is no room together',
    why: 'v2 names only who left after a join (Synapse: SyncResultBuilder.calculate_user_changes), and of nobody else are devices followed',
    // Everybody is in some room with Alice in the script.
    seldom: true,
    matches: ({ path, sash, synapse }, { world }) => {
      const user = path.startsWith('devices.') && path.slice('devices.'.length);
      return user && synapse === 'left' && sash !== 'left' && world.turnedAway.get(user) === world.step && !world.isWithAlice(user);
    },
  },
  {
    id: 'is-dm-changes',
    what: 'a room that becomes a direct chat or ceases to be one is sent; Synapse says so only when the room is sent for another reason, and never that it ceased',
    why: 'v4.md: a changed is_dm is a change; synapse.md §5',
    matches: ({ path, sash, synapse, room }, { world }) =>
      (ends(path, 'isDm') && sash === world.direct.has(world.nick(room))) ||
      (ends(path, 'answer.sent') && synapse === undefined && sash.every((keys) => says(keys, ['is_dm'], ['bump_stamp', 'lists', 'membership', 'invite_state', 'stripped_state', ...COUNTS]))),
  },
];
