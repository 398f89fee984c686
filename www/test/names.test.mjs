import assert from "node:assert/strict";
import { test } from "node:test";
import { initials } from "../src/format.js";
import { mergeRoom } from "../src/rooms.js";

const hero = (name) => ({ user_id: `@${name.toLowerCase()}:x`, displayname: name });
const named = (result) => mergeRoom(undefined, "!a", { initial: true, ...result }).displayName;
const state = (type, content, key = "") => ({ type, state_key: key, content });

test("a room is called by its name, else by its alias, else by who is in it", () => {
  const heroes = [hero("Bob")];
  const alias = state("m.room.canonical_alias", { alias: "#tea:x" });
  assert.equal(named({ name: "Tea", required_state: [alias], heroes, joined_count: 2 }), "Tea");
  assert.equal(named({ name: "", required_state: [alias], heroes, joined_count: 2 }), "#tea:x");
  assert.equal(named({ heroes, joined_count: 2 }), "Bob");
});

test("heroes who are all the others are listed", () => {
  assert.equal(named({ heroes: [hero("Bob"), hero("Eve")], joined_count: 3 }), "Bob and Eve");
  assert.equal(named({ heroes: [hero("Bob"), hero("Eve"), hero("Zoe")], joined_count: 2, invited_count: 2 }), "Bob, Eve and Zoe");
});

test("heroes who are some of the others are counted on", () => {
  assert.equal(named({ heroes: [hero("Bob"), hero("Eve")], joined_count: 4 }), "Bob, Eve and 1 other");
  assert.equal(named({ heroes: [hero("Bob"), hero("Eve")], joined_count: 10 }), "Bob, Eve and 7 others");
});

test("a room without others is empty, and says who was there", () => {
  assert.equal(named({ joined_count: 1 }), "Empty room");
  assert.equal(named({ heroes: [hero("Bob")], joined_count: 1 }), "Empty room (was Bob)");
});

test("equal names are told apart, and a hero without one is called by the id", () => {
  assert.equal(named({ heroes: [{ user_id: "@a:x", displayname: "Sam" }, { user_id: "@b:x", displayname: "Sam" }], joined_count: 3 }), "Sam (@a:x) and Sam (@b:x)");
  assert.equal(named({ heroes: [{ user_id: "@quinn:x" }], joined_count: 2 }), "quinn");
});

test("an invitation without a name is called by who sent it", () => {
  const invite = { type: "m.room.member", state_key: "@me:x", sender: "@bob:x", content: { membership: "invite" } };
  const bob = state("m.room.member", { displayname: "Bob", membership: "join" }, "@bob:x");
  assert.equal(named({ membership: "invite", stripped_state: [invite, bob] }), "Bob");
  assert.equal(named({ membership: "invite", stripped_state: [] }), "Invitation");
});

test("initials come from the words of a name", () => {
  assert.deepEqual(["Garden team", "@bob:example.org", "#tea:x", "Émile", "", "…"].map(initials), ["GT", "BE", "TX", "É", "?", "?"]);
});
