import assert from "node:assert/strict";
import { test } from "node:test";
import { Placement, rangeFor } from "../src/placement.js";

/** A homeserver's list: rooms by latest activity, each sent when it comes into range or changes within it. */
class ModelList {
  constructor(rooms) {
    this.order = Array.from({ length: rooms }, (_, i) => ({ id: `!${i}`, stamp: 1_000_000 - i * 10 }));
    this.sent = new Map();
    this.clock = 2_000_000;
  }

  bump(index) {
    const [room] = this.order.splice(index, 1);
    this.order.unshift({ ...room, stamp: ++this.clock });
  }

  /** Answers the ranges: which rooms are sent, each with the ranges that hold it. */
  answer(ranges) {
    const rooms = new Map();
    ranges.forEach(([start, end], list) => {
      for (const room of this.order.slice(start, end + 1)) {
        if (this.sent.get(room.id) === room.stamp) continue;
        rooms.set(room.id, { room, lists: [...(rooms.get(room.id)?.lists ?? []), list] });
      }
    });
    for (const { room } of rooms.values()) this.sent.set(room.id, room.stamp);
    return rooms;
  }
}

class Client {
  known = new Map();
  placement = new Placement();

  constructor(server) {
    this.server = server;
  }

  sync(range) {
    const ranges = [[0, 19], range];
    const answer = this.server.answer(ranges);
    for (const { room } of answer.values()) this.known.set(room.id, room.stamp);
    this.placement.count = this.server.order.length;
    this.placement.setRooms([...this.known].map(([id, stamp]) => ({ id, stamp })));
    ranges.forEach((range, list) => {
      this.placement.settle(range, new Set([...answer].filter(([, { lists }]) => lists.includes(list)).map(([id]) => id)));
    });
  }

  rows([start, end]) {
    return Array.from({ length: end - start + 1 }, (_, i) => this.placement.at(start + i));
  }
}

const truth = (server, [start, end]) => server.order.slice(start, end + 1).map((room) => room.id);

test("the rows of an answered range are the rooms of that range", () => {
  const server = new ModelList(5000);
  const client = new Client(server);
  for (const range of [[0, 40], [20, 80], [3000, 3060], [3040, 3100], [4960, 5020], [1000, 1060], [3000, 3060], [0, 40]]) {
    client.sync(range);
    const clipped = [range[0], Math.min(range[1], 4999)];
    assert.deepEqual(client.rows(clipped), truth(server, clipped), `range ${range}`);
  }
});

test("rows outside of every answered range are not known", () => {
  const client = new Client(new ModelList(5000));
  client.sync([3000, 3060]);
  assert.equal(client.placement.at(19), "!19");
  assert.equal(client.placement.at(20), undefined);
  assert.equal(client.placement.at(2999), undefined);
  assert.equal(client.placement.at(3000), "!3000");
  assert.equal(client.placement.at(3061), undefined);
});

test("a room that becomes active while one looks further down moves to the top", () => {
  const server = new ModelList(1000);
  const client = new Client(server);
  client.sync([500, 560]);
  for (const index of [530, 700, 10, 300, 505]) {
    server.bump(index);
    client.sync([500, 560]);
    assert.deepEqual(client.rows([500, 560]), truth(server, [500, 560]), `after a bump from ${index}`);
    assert.deepEqual(client.rows([0, 19]), truth(server, [0, 19]));
  }
});

test("rooms that were already known through another list take their rows without being sent again", () => {
  const server = new ModelList(300);
  const client = new Client(server);
  // Another list brought these before.
  for (const index of [5, 12, 33, 61, 250]) {
    const room = server.order[index];
    server.sent.set(room.id, room.stamp);
    client.known.set(room.id, room.stamp);
  }
  client.sync([0, 40]);
  assert.deepEqual(client.rows([0, 40]), truth(server, [0, 40]));
  client.sync([40, 100]);
  assert.deepEqual(client.rows([0, 100]), truth(server, [0, 100]));
});

test("while the account is still arriving, missing rooms are unknown rows at the end of what is known", () => {
  const placement = new Placement();
  placement.count = 5000;
  placement.setRooms([{ id: "!a", stamp: 2 }, { id: "!b", stamp: 3 }]);
  placement.settle([0, 40], new Set(["!a", "!b"]));
  assert.deepEqual([placement.at(0), placement.at(1), placement.at(2)], ["!b", "!a", undefined]);
});

test("whatever happens, the top is exact and an answered range shows a run of the list near its place", () => {
  let answers = 0;
  const broken = [];
  for (let seed = 1; seed <= 150; seed++) {
    const random = generator(seed);
    const server = new ModelList(400);
    const client = new Client(server);
    let start = 0;
    for (let step = 0; step < 60; step++) {
      // As in life: what was active lately is active again.
      if (random(2) === 0) server.bump(random(1 + random(1 + random(400))));
      if (random(2) === 0) start = random(2) ? random(370) : Math.max(0, Math.min(369, start + random(60) - 30));
      const range = [start, Math.min(399, start + 30)];
      client.sync(range);
      const rows = client.rows(range);
      const actual = server.order.findIndex((room) => room.id === rows[0]);
      const hint = `seed ${seed}, step ${step}, range ${range}`;
      assert.deepEqual(client.rows([0, 19]), truth(server, [0, 19]), `the top: ${hint}`);
      assert.ok(!rows.includes(undefined), `a hole: ${hint}: ${rows}`);
      answers++;
      const isRun = rows.join() === truth(server, [actual, actual + rows.length - 1]).join();
      if (!isRun || Math.abs(actual - start) > 30) broken.push(`${hint}: at ${actual}${isRun ? "" : ", broken"}`);
    }
  }
  // Rooms that nobody here knew shift what lies below them unseen: rarely, a run is off until rooms arrive in it again.
  assert.ok(broken.length < answers / 200, `${broken.length} of ${answers} runs are off: ${broken.slice(0, 5).join("; ")}`);
});

test("the range follows the screen, and rests while the screen is well inside of it", () => {
  const first = rangeFor([0, 10], [0, 0], 5000);
  assert.deepEqual(first, [0, 40]);
  assert.equal(rangeFor([5, 15], first, 5000), first);
  assert.deepEqual(rangeFor([30, 40], first, 5000), [10, 60]);
  assert.deepEqual(rangeFor([4990, 4999], [10, 60], 5000), [4970, 5019]);
  assert.deepEqual(rangeFor([0, 3], [0, 40], 4), [0, 40]);
});

function generator(seed) {
  let state = seed * 2654435761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return (state >>> 8) % below;
  };
}
