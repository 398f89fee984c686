// What to call a room: "Calculating the display name for a room" of the Matrix specification.
import { localpart } from "./format.js";

/**
 * @param {import("./rooms.js").Room} room
 * @returns {string} never empty
 */
export function roomName(room) {
  const explicit = room.name || text(room.stateContent("m.room.name")?.name);
  if (explicit) return explicit;
  const alias = text(room.stateContent("m.room.canonical_alias")?.alias);
  if (alias) return alias;
  if (room.membership === "invite") return inviteName(room);
  return heroesName(room);
}

/** What other people in the room are called, told apart by their id where names collide. */
export function heroNames(heroes) {
  const names = heroes.map((hero) => text(hero.displayname) ?? localpart(hero.user_id));
  return names.map((name, i) => (names.filter((other) => other === name).length > 1 ? `${name} (${heroes[i].user_id})` : name));
}

/** Joins names the way one says them: "A", "A and B", "A, B and C". */
export function joinNames(names) {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function heroesName(room) {
  const names = heroNames(room.heroes);
  const others = room.joinedCount + room.invitedCount - 1;
  if (others <= 0) return names.length ? `Empty room (was ${joinNames(names)})` : "Empty room";
  if (names.length === 0) return `${others} ${others === 1 ? "person" : "people"}`;
  if (names.length >= others) return joinNames(names);
  const rest = others - names.length;
  return `${names.join(", ")} and ${rest} ${rest === 1 ? "other" : "others"}`;
}

function inviteName(room) {
  const inviter = room.inviter();
  return inviter ? room.memberName(inviter) : "Invitation";
}

function text(value) {
  return typeof value === "string" && value.trim() ? value : undefined;
}
