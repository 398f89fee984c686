// Where Sash answers otherwise than Synapse on purpose, or where Synapse errs. Each says what, and why with its source; `matches(difference, scene)`
// recognises it as narrowly as it can. A difference that the script does not show any more has no business here: the test says so, but of those that are
// `seldom` seen.

import { canonical } from './compare.mjs';

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

/** Somebody ignored was the last to say something there. */
const isUnheard = (world, id) => world.byId(id)?.unheard === true;
/** Its stamp is another one for a reason below. */
const isMoved = (world, id) => isTimeless(world, id) || isUnheard(world, id) || world.byId(id).entered || world.byId(id).polled;

/** The rooms by which the lists of one name may differ, or stand elsewhere in them. */
function exceptions({ ours, theirs, whole }, world) {
  const [sash, synapse] = [new Set(all(ours)), new Set(all(theirs))];
  const only = [...without([...sash], synapse), ...without([...synapse], sash)];
  const may = (id) => stays(world, id) || isKeptOut(world, id) || (!whole && (isTimeless(world, id) || isUnheard(world, id)));
  return { only, excepted: new Set([...sash, ...synapse].filter(may)) };
}

/** Whether two windows show the same part of the same order, but for rooms that may differ, and for others being moved by these. */
function shifted({ rooms, there, ...lists }, world) {
  const { excepted } = exceptions({ rooms, there, ...lists }, world);
  const inSomeList = [...world.rooms.values()].some(({ id }) => stays(world, id) || isKeptOut(world, id) || isTimeless(world, id) || isUnheard(world, id));
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

/** Whether Sash has told nothing more since Alice was in the room. */
const isAsBefore = (now, then) => then !== undefined && canonical(now) === canonical(then);

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
      if (/^lists\..*\.count$/.test(path)) return sash !== synapse && [...world.rooms.values()].some(({ id }) => stays(world, id)) && only.every((id) => stays(world, id) || isKeptOut(world, id) || ours.count < all(ours).length + 1000) && sash > synapse;
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
      if (ends(path, 'answer.sent')) return synapse === undefined && isKeptOut(world, room);
      return ends(path, 'known') && sash === false && isKeptOut(world, room);
    },
  },
  {
    id: 'time-of-early-invites',
    what: 'an invite from before the first sync stands where it was first seen',
    why: 'v2 does not say when it was made: the own member event is stripped (synapse.md §12)',
    matches: (difference, { world }) =>
      (difference.path === 'order.bumpStamp' && difference.stamped.some(({ id }) => isTimeless(world, id)) && sameOrder(difference, (id) => isMoved(world, id))) ||
      (/^lists\..*\.windows/.test(difference.path) && [...world.rooms.values()].some(({ id }) => isTimeless(world, id)) && shifted(difference, world)),
  },
  {
    id: 'entered-stands-on-top',
    what: 'the bump_stamp of a room that the user has entered is from then until something bumps it; Synapse goes back to its last message, however old',
    why: 'v2 does not say how what came before stands to the events of other rooms (synapse.md §12); clients sort by bump_stamp, and a room just entered is not an old one',
    matches: (difference, { world }) => difference.path === 'order.bumpStamp' && difference.stamped.some(({ id }) => world.byId(id).entered) && sameOrder(difference, (id) => isMoved(world, id)),
  },
  {
    id: 'unstable-polls-bump',
    what: 'a poll under its unstable name moves bump_stamp, as it will under its stable name; for Synapse it does not',
    why: 'v4.md, bump_stamp: m.poll.start; clients still send org.matrix.msc3381.poll.start (clients.md §5.4)',
    matches: (difference, { world }) => difference.path === 'order.bumpStamp' && difference.stamped.some(({ id }) => world.byId(id).polled) && sameOrder(difference, (id) => isMoved(world, id)),
  },
  {
    id: 'bump-without-timeline',
    what: 'with timeline_limit 0 a room is sent when its counts change, and its bump_stamp with it; Synapse sends neither until something else is new',
    why: 'synapse.md §5: bump_stamp alone does not make a result; counts do (see unread-counts)',
    matches: ({ path }, { request }) => path === 'order.bumpStamp' && Object.values(request.lists ?? {}).some(({ timeline_limit: limit }) => limit === 0),
  },
  {
    id: 'ignored-do-not-move',
    what: 'what somebody ignored says moves no room; in Synapse’s lists it does',
    why: 'v2 does not tell of it (synapse.md §12), and who ignores somebody does not want to know',
    matches: (difference, { world }) => {
      const some = [...world.rooms.values()].some(({ unheard }) => unheard);
      if (difference.path === 'order.bumpStamp') return some && sameOrder(difference, (id) => isMoved(world, id));
      return some && /^lists\..*\.windows/.test(difference.path) && shifted(difference, world);
    },
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
    matches: ({ path, sash, room, ours }, { world }) =>
      (ends(path, 'name', 'avatar', 'heroes') && sash === undefined && (ours?.inviteState !== undefined || isOutside(world, room))) ||
      (isKeptOut(world, room) && (ends(path, 'answer.givesTimeline', 'hasEarlier', 'answer.numLive', 'answer.limited') || path.endsWith('.timeline') || ends(path, 'unsigned.membership') || (path.includes('.state[') && sash === undefined))),
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
    what: 'a room that was seen from inside and is now seen from outside, or the reverse, begins anew: initial; where it was out of the windows meanwhile, Synapse sends what changed',
    why: 'v4.md, stripped_state (our choice): what was known from the one side does not hold on the other',
    matches: ({ path, ids, room, sash, synapse, said, ours }, { connection }) => {
      const begins = any(said?.sash, 'initial') && !any(said?.synapse, 'initial') && (said.sash.some(({ wasOutside }) => wasOutside) || ours?.inviteState !== undefined);
      if (!begins && !connection.begun.has(room)) return false;
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
    what: 'an invite is sent once, and a room of which the client has everything is not sent; Synapse repeats invites, heroes, counts, state and timelines',
    why: 'v4.md, Room result: sent if it has changed (what the client has is compared all the same)',
    matches: ({ path, sash }) => ends(path, 'answer.sent') && sash === undefined,
  },
  {
    id: 'own-profile-is-no-join',
    what: 'a change of the user’s own member event is no new stay; Synapse at times begins the room anew: initial',
    why: 'v4.md, initial: the first time, or replace everything; synapse.md §5: newly joined',
    matches: ({ path, ids, room, sash, synapse, said }, { world, connection }) => {
      const restarts = any(said?.synapse, 'initial') && !any(said?.sash, 'initial') && membership(world, room) === 'join' && world.byId(room).aliceChangedAt !== world.step;
      if (restarts && (ends(path, 'answer.limited', 'hasEarlier') || (ends(path, 'answer.initial') && sash === false && synapse === true))) return true;
      return (restarts || connection.restarted.has(room)) && ((path.endsWith('.timeline') && isSuffix(ids.synapse, ids.sash)) || ends(path, 'hasEarlier') || (path.includes('.state[') && synapse === undefined && !path.includes('].')));
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
    matches: ({ path }) => /\.state\[.*\]\.unsigned\.(membership|prev_content|prev_sender|replaces_state)$/.test(path),
  },
  {
    id: 'no-tags',
    what: 'a new connection is told of a room whose tags are all gone that it has none; Synapse says nothing',
    why: 'm.tag without tags is room account data as any (extensions.md, account_data)',
    matches: ({ path, sash, synapse }) => /^roomAccountData\..*\.m\.tag/.test(path) && synapse === undefined && Object.keys(sash?.tags ?? sash).length === 0,
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
    id: 'flushed-members',
    what: 'where a timeline was limited on one side only, lazy members that changed are told at other times',
    why: 'v4.md, Room configurations: with limited the client flushes its members; follows from the differences in limited',
    matches: ({ path, room }, { connection, world }) => connection.flushed.has(room) && path.includes('.state[m.room.member @') && !path.includes(world.me.userId),
  },
  {
    id: 'receipts-of-what-is-shown',
    what: 'a room that the receipts extension comes to cover after it was sent brings the receipts of its newest events; Synapse only those of events in the same answer',
    why: 'extensions.md, Common rules: enabling in the middle gives what a first request would have given',
    matches: ({ path, sash, synapse, ours }) => path.startsWith('receipts.') && synapse === undefined && sash.event !== undefined && ours !== undefined,
  },
  {
    id: 'nothing-of-rooms-not-joined',
    what: 'receipts and typing come of joined rooms only; Synapse sends receipts of rooms to which the user is only invited',
    why: 'extensions.md, Common rules: in scope is not permission',
    matches: ({ path, room, sash }, { world, connection }) =>
      membership(world, room) !== 'join' &&
      ((path.startsWith('receipts.') && (sash === undefined || isAsBefore(connection.sash.receipts[room], connection.whenIn.get(room)?.receipts))) ||
        (path.startsWith('typing.') && (sash.length === 0 || isAsBefore(sash, connection.whenIn.get(room)?.typing)))),
  },
  {
    id: 'receipts-before-the-join',
    what: 'receipts and typing from before the user entered the room are not known',
    why: 'v2 gives none with a join, only what changes from then on',
    matches: ({ path, room, sash, synapse }, { world }) => {
      const { enteredAt = 0, typedAt = 0 } = world.byId(room) ?? {};
      return (path.startsWith('receipts.') && sash === undefined && synapse.ts < enteredAt) || (path.startsWith('typing.') && typedAt < enteredAt);
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
    matches: ({ path }, { connection }) => path.startsWith('roomAccountData.') && connection.uncovered === true,
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
    matches: ({ path, room }, { connection }) => path.startsWith('typing.') && connection.unheardTyping.has(room),
  },
  {
    id: 'encrypted-since-the-invite',
    what: 'an invite stands under the filter that its stripped state fits; Synapse looks at the room as it is now',
    why: 'v4.md, is_encrypted: of rooms not joined the stripped state decides, which is all that the user is shown',
    // It takes a room that is encrypted while Alice is invited.
    seldom: true,
    matches: (difference, { world }) => {
      const changed = new Set([...world.rooms.values()].filter(({ id, encryptedWhileInvited }) => encryptedWhileInvited && membership(world, id) === 'invite').map(({ id }) => id));
      const { path, list, ours, theirs } = difference;
      if (!path.startsWith('lists.') || !['encrypted', 'plain', 'direct and encrypted'].includes(list) || changed.size === 0) return false;
      const [a, b] = [without(all(ours), changed), without(all(theirs), changed)];
      if (path.endsWith('.count')) return ours.count - theirs.count === all(ours).length - all(theirs).length && a.length === b.length;
      return path.includes('.windows') && [...a].sort().join() === [...b].sort().join();
    },
  },
  {
    id: 'left-without-having-been-in',
    what: 'device_lists.left does not name somebody whose invite came to nothing; Synapse names them if there is no room together',
    why: 'v2 does not tell it, and of nobody whom the user never met are devices followed',
    // Everybody meets Alice in the script.
    seldom: true,
    matches: ({ path, sash, synapse }, { world }) => {
      const user = path.startsWith('devices.') && path.slice('devices.'.length);
      return user && synapse === 'left' && sash !== 'left' && world.turnedAway.has(user) && !world.hasMet(user);
    },
  },
  {
    id: 'is-dm-changes',
    what: 'a room that becomes a direct chat or ceases to be one is sent; Synapse says so only when the room is sent for another reason, and never that it ceased',
    why: 'v4.md: a changed is_dm is a change; synapse.md §5',
    matches: ({ path, sash, synapse }) => ends(path, 'isDm') || (ends(path, 'answer.sent') && synapse === undefined && sash.some((keys) => keys.includes('is_dm'))),
  },
];
