// The room list's filters, twice: as the other side understands them, and as a test on the rooms known here.
// The second is needed because a room that was sent before is not sent again only to say that one more list holds it.

/**
 * @typedef {object} Filter
 * @property {string} id the list's key on the wire
 * @property {string} label
 * @property {(space?: string) => object} wire `filters` of the list
 * @property {(room: import("./rooms.js").Room, context: { me: string, space?: import("./rooms.js").Room }) => boolean} matches
 */

/** @type {Filter[]} */
export const FILTERS = [
  { id: "all", label: "All", wire: () => ({}), matches: () => true },
  { id: "unread", label: "Unread", wire: () => ({ "sash.unread": true }), matches: (room, { me }) => room.isUnread(me) },
  { id: "people", label: "People", wire: () => ({ is_dm: true }), matches: (room) => room.isDm === true },
  {
    id: "rooms",
    label: "Rooms",
    wire: () => ({ is_dm: false, is_invited: false, not_room_types: ["m.space"] }),
    matches: (room) => !room.isDm && room.membership !== "invite" && !room.isSpace,
  },
  { id: "spaces", label: "Spaces", wire: () => ({ room_types: ["m.space"] }), matches: (room) => room.isSpace },
  { id: "invites", label: "Invites", wire: () => ({ is_invited: true }), matches: (room) => room.membership === "invite" },
];

/** @type {Filter} the rooms of one space, entered by choosing the space */
export const SPACE_FILTER = {
  id: "space",
  label: "Space",
  wire: (space) => ({ spaces: [space] }),
  matches: (room, { space }) => Boolean(space?.stateContent("m.space.child", room.id)?.via),
};
