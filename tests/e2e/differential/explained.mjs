// What the reasons of intended.mjs are told by: what became of a room, and whether a difference between lists, counts, orders or timelines is made by such
// rooms alone.
import { canonical } from './compare.mjs';
import { hasNoTimeline } from './memory.mjs';

export const ends = (path, ...fields) => fields.some((field) => path.endsWith(`.${field}`));
export const without = (ids, others) => ids.filter((id) => !others.has(id));
export const all = (list) => (list?.windows ?? []).flatMap(({ rooms }) => rooms);
export const any = (answers, field) => (answers ?? []).some((answer) => answer[field] === true);
export const membership = (world, id) => world.byId(id)?.members.alice;
export const isOutside = (world, id) => ['leave', 'ban'].includes(membership(world, id));
export const everJoined = (world, id) => world.byId(id)?.everJoined.has('alice') === true;
export const rooms = (world, is) => [...world.rooms.values()].map(({ id }) => id).filter((id) => is(world, id));

/** Left by oneself: Synapse lists it in the one answer that tells of it; Sash for as long as the connection lasts. */
export const stays = (world, id) => membership(world, id) === 'leave' && world.byId(id).leftBy === 'alice' && !world.byId(id).forgotten;
/** Kept out by others without ever having been in: Synapse lists it, Sash does not. */
export const isKeptOut = (world, id) => isOutside(world, id) && !everJoined(world, id) && world.byId(id).leftBy !== 'alice' && !world.byId(id).forgotten;
/** Invited before the first sync: nobody knows when. */
export const isTimeless = (world, id) => world.byId(id)?.timeless === true && membership(world, id) === 'invite';
/** Somebody ignored was the last to say something there. */
export const isUnheard = (world, id) => world.byId(id)?.unheard === true;

export const isCount = ({ path }) => /^lists\..*\.count$/.test(path);
export const isWindow = ({ path }) => /^lists\..*\.windows/.test(path);
export const isOrder = ({ path }) => path === 'order.bumpStamp';
/** Whether the windows show all that the list holds. */
const isComplete = (list) => list !== undefined && all(list).length === list.count;

/** Invited, or turned away again, where it was encrypted after the invite. */
export const isEncryptedSince = (world, id) => (membership(world, id) === 'invite' || (isOutside(world, id) && !everJoined(world, id))) && world.byId(id).encryptedWhileInvited === true;

/** Whether what makes the counts of a list differ are rooms that one side has for a reason below, one of which is `of` the kind that is asked for. */
export function explainedCount({ list, ours, theirs, sash, synapse }, { world, connection, request }, of) {
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
export function explainedList({ ours, theirs, whole }, { world }, of) {
  if (!isComplete(ours) || !isComplete(theirs)) return false;
  const moves = (id) => !whole && (isTimeless(world, id) || isUnheard(world, id));
  const excepted = new Set([...all(ours), ...all(theirs)].filter((id) => stays(world, id) || isKeptOut(world, id) || isEncryptedSince(world, id) || moves(id)));
  const rest = (list) => (whole ? without(all(list), excepted).sort() : without(all(list), excepted)).join();
  return rest(ours) === rest(theirs) && [...excepted].some((id) => of(world, id));
}

/** Whether windows of a longer list show, on each side, what stands there in that side's order of all rooms. */
export function isOfOwnOrder({ list }, { world, connection, order, request }) {
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
export function explainedOrder({ stamped }, { world, memory, connection, request }, reason) {
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
export const isPart = (some, more) => without(more, new Set(without(more, new Set(some)))).join() === some.join();
export const isSuffix = (short, long) => short.every((id, place) => long.at(place - short.length) === id);

/** Whether Sash has told nothing more since Alice was in the room. */
export const isAsBefore = (now, then) => then !== undefined && canonical(now) === canonical(then);

/** Whether one of the keys of an answer, in words of the wire, and nothing but what goes along with it. */
export const says = (keys, wanted, along = ['bump_stamp', 'lists', 'membership']) => keys.split(' ').some((key) => wanted.includes(key)) && keys.split(' ').every((key) => wanted.includes(key) || along.includes(key));
export const COUNTS = ['notification_count', 'highlight_count'];

/** Whether a member is held by Sash alone, or by both and Sash's is the newer one. */
export const isOlderMember = ({ path, events }, side) => {
  const other = side === 'sash' ? 'synapse' : 'sash';
  if (!path.includes('.state[m.room.member @') || !events) return false;
  return events[side] === undefined || (events[other] !== undefined && events[side].origin_server_ts < events[other].origin_server_ts);
};
