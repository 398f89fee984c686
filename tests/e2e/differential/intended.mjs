// Where Sash answers otherwise than Synapse on purpose. Each says what, and why with its source; `matches(difference, scene)` recognises it as narrowly
// as it can. A difference that no run shows any more has no business here: the test says so.

const ends = (path, ...fields) => fields.some((field) => path.endsWith(`.${field}`));
const alice = (world, id) => world.byId(id)?.members.alice;
const without = (ids, others) => ids.filter((id) => !others.includes(id));

/** Rooms that Sash lists and Synapse does not: those that the user has left, on a connection that was sent them. */
const isLeft = (world, id) => alice(world, id) === 'leave';
/** Rooms that Synapse lists and Sash does not: those that the user was never in and is kept out of. */
const isKeptOut = (world, id) => ['ban', 'leave'].includes(alice(world, id)) && !world.byId(id).everJoined.has('alice');

/** Rooms by which the lists of one name differ, if all of them may. */
function listDifference({ ours, theirs }, { world }) {
  const all = (list) => (list?.windows ?? []).flatMap(({ rooms }) => rooms);
  const [left, keptOut] = [without(all(ours), all(theirs)), without(all(theirs), all(ours))];
  return { left: left.filter((id) => isLeft(world, id)), keptOut: keptOut.filter((id) => isKeptOut(world, id)), other: [...left.filter((id) => !isLeft(world, id)), ...keptOut.filter((id) => !isKeptOut(world, id))] };
}

export const INTENDED = [
  {
    id: 'unread-counts',
    what: 'notification_count and highlight_count are what the homeserver counts; Synapse says 0',
    why: 'the fields belong to this API and matrix-js-sdk shows them (clients.md §1; synapse.md §2, synapse#18290)',
    matches: ({ path, synapse }) => ends(path, 'notificationCount', 'highlightCount') && synapse === 0,
  },
  {
    id: 'expanded-is-limited',
    what: 'a timeline that reaches further back than before is always limited: true',
    why: 'matrix-js-sdk puts the older events in their place only then (clients.md §6.5)',
    matches: ({ path, sash, said, ours }) => ends(path, 'answer.limited', 'hasEarlier') && sash === true && (said.sash ?? []).some(({ expanded }) => expanded) && ours !== undefined,
  },
];
