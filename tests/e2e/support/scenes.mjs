// What several scenes are built with.

/** How many requests a homeserver is given at a time: more do not make it quicker. */
const AT_ONCE = 8;

/** Calls `make(0)` to `make(count - 1)`, a few at a time, and returns what they made, in order. */
export async function inBatches(count, make) {
  const made = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const i = next++;
      made[i] = await make(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker));
  return made;
}
