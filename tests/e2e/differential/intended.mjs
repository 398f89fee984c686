// Where Sash answers otherwise than Synapse on purpose, or where Synapse errs. Each says what, and why with its source; `matches(difference, scene)`
// recognises it as narrowly as it can. A difference that the script does not show any more has no business here: the test says so.

const ends = (path, ...fields) => fields.some((field) => path.endsWith(`.${field}`));
const without = (ids, others) => ids.filter((id) => !others.has(id));
const all = (list) => (list?.windows ?? []).flatMap(({ rooms }) => rooms);
const any = (answers, field) => (answers ?? []).some((answer) => answer[field] === true);
const membership = (world, id) => world.byId(id)?.members.alice;
const isOutside = (world, id) => ['leave', 'ban'].includes(membership(world, id));
const everJoined = (world, id) => world.byId(id)?.everJoined.has('alice') === true;

/** Left by oneself: Synapse lists it in the one answer that tells of it; Sash for as long as the connection lasts. */
const stays = (world, id) => membership(world, id) === 'leave';
/** Kept out without ever having been in: Synapse lists it, Sash does not. */
const isKeptOut = (world, id) => isOutside(world, id) && !everJoined(world, id);
/** Invited before the first sync: nobody knows when. */
const isTimeless = (world, id) => world.byId(id)?.timeless === true && membership(world, id) === 'invite';

/** The rooms by which the lists of one name may differ, or stand elsewhere in them. */
function exceptions({ ours, theirs, whole }, world) {
  const [sash, synapse] = [new Set(all(ours)), new Set(all(theirs))];
  const only = [...without([...sash], synapse), ...without([...synapse], sash)];
  const may = (id) => stays(world, id) || isKeptOut(world, id) || (!whole && isTimeless(world, id));
  return { only, excepted: new Set([...sash, ...synapse].filter(may)) };
}

/** Whether two windows show the same part of the same order, but for rooms that may differ, and for others being moved by these. */
function shifted({ rooms, there, ...lists }, world) {
  const { excepted } = exceptions({ rooms, there, ...lists }, world);
  const inSomeList = [...world.rooms.values()].some(({ id }) => stays(world, id) || isKeptOut(world, id) || isTimeless(world, id));
  if (excepted.size === 0 && !inSomeList) return false;
  const [a, b] = [without(rooms, excepted), without(there, excepted)];
  const common = (ids, others) => ids.filter((id) => others.includes(id)).join();
  const alike = lists.whole ? a.join() === b.join() || [...a].sort().join() === [...b].sort().join() : common(a, b) === common(b, a);
  // A window of everything has nothing to be moved from.
  const complete = !lists.whole && rooms.length < lists.ours.count && there.length < lists.theirs.count;
  return alike && (complete || [...a].sort().join() === [...b].sort().join());
}

const sameOrder = ({ stamped }, excepted) => {
  const by = (side) => stamped.filter(({ id }) => !excepted(id)).sort((x, y) => y[side] - x[side]).map(({ id }) => id).join();
  return by('sash') === by('synapse');
};

/** Whether all of `some` are in `more`, in the same order. */
const isPart = (some, more) => without(more, new Set(without(more, new Set(some)))).join() === some.join();
const isSuffix = (short, long) => short.every((id, place) => long.at(place - short.length) === id);

/** Whether a room has come into view on the two sides at different times, because a list differs by another room. */
const hasDiverged = ({ room, shown }, { connection }) => connection.name === 'windows' && (connection.diverged.has(room) || (shown && shown.sash !== shown.synapse));

export const INTENDED = [
  {
    id: 'unread-counts',
    what: 'notification_count and highlight_count are what the homeserver counts, and a room is sent when they change; Synapse says 0',
    why: 'the fields belong to this API and matrix-js-sdk shows them (clients.md §1; synapse.md §2, synapse#18290)',
    matches: ({ path, sash, synapse }) =>
      (ends(path, 'notificationCount', 'highlightCount') && (synapse === 0 || synapse === undefined)) ||
      (ends(path, 'answer.sent') && synapse === undefined && sash.every((keys) => keys.split(' ').every((key) => ['bump_stamp', 'lists', 'membership', 'notification_count', 'highlight_count'].includes(key)))),
  },
  {
    id: 'own-leave-stays-listed',
    what: 'a room that the user has left keeps its place in the lists of the connection that was sent it; Synapse shows it once',
    why: 'v4.md, "Which rooms a list holds": the list would have a hole, and clients count',
    matches: (difference, { world }) => {
      const { path, ours, theirs, sash, synapse } = difference;
      const { only } = exceptions(difference, world);
      if (/^lists\..*\.count$/.test(path)) return sash !== synapse && [...world.rooms.values()].some(({ id }) => stays(world, id) && everJoined(world, id)) && only.every((id) => stays(world, id) || isKeptOut(world, id) || ours.count < all(ours).length + 1000) && sash > synapse;
      return /^lists\..*\.windows/.test(path) && only.some((id) => stays(world, id) && all(ours).includes(id)) && shifted(difference, world) && theirs !== undefined;
    },
  },
  {
    id: 'never-joined-is-not-listed',
    what: 'a room that kicked or banned a user who was never in it is in no list; Synapse lists it',
    why: 'v4.md, "Which rooms a list holds": kicked, banned (only if ever joined)',
    matches: (difference, { world }) => {
      const { path, room, sash, synapse } = difference;
      if (/^lists\..*\.count$/.test(path)) return sash < synapse && [...world.rooms.values()].some(({ id }) => isKeptOut(world, id));
      if (/^lists\..*\.windows/.test(path)) return exceptions(difference, world).only.some((id) => isKeptOut(world, id)) && shifted(difference, world);
      return ends(path, 'known') && sash === false && isKeptOut(world, room);
    },
  },
  {
    id: 'time-of-early-invites',
    what: 'an invite from before the first sync stands where it was first seen',
    why: 'v2 does not say when it was made: the own member event is stripped (synapse.md §12)',
    matches: (difference, { world }) =>
      (difference.path === 'order.bumpStamp' && difference.stamped.some(({ id }) => isTimeless(world, id)) && sameOrder(difference, (id) => isTimeless(world, id))) ||
      (/^lists\..*\.windows/.test(difference.path) && [...world.rooms.values()].some(({ id }) => isTimeless(world, id)) && shifted(difference, world)),
  },
  {
    id: 'windows-moved',
    what: 'where a list differs by such a room, the windows show others, and these come into view at other times',
    why: 'follows from the three before',
    matches: (difference, scene) => {
      const { path, shown, ids, event } = difference;
      if (scene.connection.name !== 'windows') return false;
      if (/^lists\..*\.windows/.test(path)) return shifted(difference, scene.world);
      if (!difference.room || !hasDiverged(difference, scene)) return false;
      if (!shown?.sash || !shown?.synapse) return true;
      if (path.endsWith('.timeline')) return isSuffix(...(ids.sash.length < ids.synapse.length ? [ids.sash, ids.synapse] : [ids.synapse, ids.sash]));
      return ends(path, 'hasEarlier') || path.includes('.answer.') || (path.includes('.state[m.room.member') && event !== undefined && !path.includes('].'));
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
    matches: ({ path, sash, room }, { world }) =>
      (ends(path, 'name', 'avatar', 'heroes') && sash === undefined && ['invite', 'knock', 'leave', 'ban'].includes(membership(world, room))) ||
      (isKeptOut(world, room) && (ends(path, 'answer.givesTimeline', 'hasEarlier', 'answer.numLive', 'answer.limited') || path.endsWith('.timeline') || ends(path, 'unsigned.membership'))),
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
    what: 'a room seen from inside and then from outside (invited again, knocking) begins anew: initial',
    why: 'v4.md, stripped_state (our choice): what was known from inside does not hold outside, counts among it',
    matches: ({ path, sash, said, room }, { world }) =>
      ['invite', 'knock'].includes(membership(world, room)) &&
      ((ends(path, 'answer.initial') && sash === true) || (ends(path, 'joinedCount', 'invitedCount', 'hasEarlier', 'avatar', 'name', 'heroes') && sash === undefined) || (path.includes('.state[') && sash === undefined) || (path.endsWith('.timeline') && sash.length === 0 && said !== undefined)),
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
    matches: ({ path, sash, said }) => ends(path, 'answer.limited', 'hasEarlier') && sash === true && any(said?.sash, 'expanded'),
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
      const subscribed = Object.keys(request.room_subscriptions ?? {}).includes(world.nick(room));
      if (subscribed || !ours?.hasEarlier) return false;
      if (path.endsWith('.timeline')) return isSuffix(ids.sash, ids.synapse);
      return (ends(path, 'hasEarlier') && sash === true) || (ends(path, 'answer.limited') && sash === true && synapse === false && (any(said.sash, 'initial') || any(said.sash, 'expanded')));
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
    what: 'an invite is sent once, and a room whose heroes and counts are as before is not sent; Synapse repeats both whenever something happens in the room',
    why: 'v4.md, Room result: sent if it has changed; synapse.md §5',
    matches: ({ path, sash, synapse }) =>
      ends(path, 'answer.sent') && sash === undefined && synapse.every((keys) => keys.split(' ').every((key) => ['bump_stamp', 'heroes', 'invite_state', 'invited_count', 'joined_count', 'notification_count', 'highlight_count', 'name', 'avatar', 'is_dm'].includes(key))),
  },
  {
    id: 'own-profile-is-no-join',
    what: 'a change of the user’s own member event is no new stay; Synapse at times begins the room anew: initial',
    why: 'v4.md, initial: the first time, or replace everything; synapse.md §5: newly joined',
    matches: ({ path, ids, room, sash, synapse, said }, { world, connection }) => {
      const restarts = any(said?.synapse, 'initial') && !any(said?.sash, 'initial') && membership(world, room) === 'join' && world.byId(room).aliceChangedAt !== world.step;
      if (restarts && (ends(path, 'answer.limited', 'hasEarlier') || (ends(path, 'answer.initial') && sash === false && synapse === true))) return true;
      return (restarts || connection.restarted.has(room)) && ((path.endsWith('.timeline') && isSuffix(ids.synapse, ids.sash)) || ends(path, 'hasEarlier'));
    },
  },
  {
    id: 'device-lists-superset',
    what: 'device_lists.changed names more users than need be',
    why: 'extensions.md, e2ee: changed may be a superset; v2 counts lazily loaded members as new',
    matches: ({ path, sash, synapse }) => path.startsWith('devices.') && sash === 'changed' && synapse === undefined,
  },
  {
    id: 'is-dm-changes',
    what: 'a room that becomes a direct chat or ceases to be one is sent; Synapse says so only when the room is sent for another reason, and never that it ceased',
    why: 'v4.md: a changed is_dm is a change; synapse.md §5',
    matches: ({ path, sash, synapse }) => ends(path, 'isDm') || (ends(path, 'answer.sent') && synapse === undefined && sash.some((keys) => keys.includes('is_dm'))),
  },
];
