// Choices that a seed decides, so that a run can be had again.

/** Returns a source of choices (mulberry32: small, and good enough to choose with). */
export function choices(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(next() * count);
  return {
    below,
    chance: (probability) => next() < probability,
    between: (low, high) => low + below(high - low + 1),
    /** One of a list; `undefined` of an empty one. */
    of: (list) => list[below(list.length)],
    /** One of `[weight, value]` pairs. */
    weighted: (pairs) => {
      let left = next() * pairs.reduce((total, [weight]) => total + weight, 0);
      return pairs.find(([weight]) => (left -= weight) < 0)?.[1] ?? pairs.at(-1)[1];
    },
  };
}
