// Access tokens that pass by: only those of this user and device reach the engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './support/load.mjs';

const { Tokens } = await load('tokens');

function scene(owners) {
  const seen = { asked: [], renewed: [] };
  const tokens = new Tokens({
    current: 'first',
    whose: async (token) => {
      seen.asked.push(token);
      const owner = owners[token];
      if (owner instanceof Error) throw owner;
      return owner;
    },
    onRenewed: (token) => seen.renewed.push(token),
  });
  return { tokens, seen };
}

test('the token that the engine has is ours without asking', async () => {
  const { tokens, seen } = scene({});
  assert.equal(await tokens.see('first'), 'ours');
  assert.deepEqual(seen, { asked: [], renewed: [] });
});

test('a renewed token is asked about once, and reaches the engine once', async () => {
  const { tokens, seen } = scene({ second: 'ours' });
  await Promise.all([tokens.see('second'), tokens.see('second')]);
  await tokens.see('second');
  assert.deepEqual(seen, { asked: ['second'], renewed: ['second'] });
});

test('a former token that comes late does not come back', async () => {
  const { tokens, seen } = scene({ second: 'ours' });
  await tokens.see('second');
  assert.equal(await tokens.see('first'), 'ours');
  assert.deepEqual(seen.renewed, ['second']);
});

test("another user's token never reaches the engine", async () => {
  const { tokens, seen } = scene({ theirs: 'other' });
  assert.equal(await tokens.see('theirs'), 'other');
  assert.equal(await tokens.see('theirs'), 'other');
  assert.deepEqual(seen, { asked: ['theirs'], renewed: [] });
});

test('a token that nobody could be asked about is asked about again', async () => {
  const owners = { second: new TypeError('offline') };
  const { tokens, seen } = scene(owners);
  assert.equal(await tokens.see('second'), 'unknown');
  owners.second = 'ours';
  assert.equal(await tokens.see('second'), 'ours');
  assert.deepEqual(seen, { asked: ['second', 'second'], renewed: ['second'] });
});

test('the app may give the same token again: that renews nothing', () => {
  const { tokens, seen } = scene({});
  assert.equal(tokens.renew('first'), false);
  assert.equal(tokens.renew('second'), true);
  assert.equal(tokens.renew('first'), true);
  assert.deepEqual(seen.renewed, ['second', 'first']);
});

test('only so many tokens are remembered', async () => {
  const many = Array.from({ length: 100 }, (_, i) => `t${i}`);
  const { tokens, seen } = scene(Object.fromEntries(many.map((token) => [token, 'other'])));
  for (const token of many) await tokens.see(token);
  await tokens.see('t99');
  await tokens.see('t0');
  assert.equal(seen.asked.length, 101);
});
