// Where Sash answers otherwise than Synapse on purpose. Each says what, and why with its source; `matches(difference, scene)` recognises it as narrowly
// as it can. A difference that no run shows any more has no business here: the test says so.

const ends = (path, ...fields) => fields.some((field) => path.endsWith(`.${field}`));

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
