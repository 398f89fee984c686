import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, countLine, none } from './counts.mjs';

const count = (text) => text.split('\n').map(countLine).reduce(add, none);

test('every test binary of cargo adds to the counts', () => {
  const output = `
running 3 tests
test model::event ... ok
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s

test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.02s`;
  assert.deepEqual(count(output), { passed: 10, failed: 2 });
});

test('the closing lines of Node count in either of its formats, and a cancelled test is a failed one', () => {
  assert.deepEqual(count('ℹ tests 6\nℹ suites 0\nℹ pass 4\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0'), { passed: 4, failed: 2 });
  assert.deepEqual(count('# tests 1\n# pass 1\n# fail 0\n# cancelled 0'), { passed: 1, failed: 0 });
});

test('lines that merely speak of passing count nothing', () => {
  assert.deepEqual(count('test long_poll_passes ... ok\n5 passed, 0 failed\n  ℹ pass 3'), none);
});
