// Which room stands in which row.
//
// The other side sends rooms, not indexes: for a range it sends those rooms in it that it has not sent yet, and says
// how many rooms the list has. What we can rely on is order. Both sides sort alike, and once a range is answered every
// room in it is known; so the rooms known here, sorted, contain each answered range as one unbroken run. A span is such
// a run: its boundaries in sort order, and the index at which it begins. The span from the top is exact as long as a
// head list reports every activity. Spans further down are anchored anew by each room that arrives in them.

/** @typedef {{ id: string, stamp: number }} Entry */
/** @typedef {{ first: Entry, last: Entry, at: number }} Span */

/** How many rows off its expected place a run may lie for one seam less. */
const SEAM = 6;
const TOP = { id: "", stamp: Infinity };

/** Latest activity first. */
export function compare(a, b) {
  return b.stamp - a.stamp || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

export class Placement {
  /** The length of the list, whether its rooms are known or not. */
  count = 0;
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Span[]} */
  #spans = [];

  /** How many rooms of the list are known. */
  get known() {
    return this.#entries.length;
  }

  /** @returns {string | undefined} the room in a row; undefined where it is not known yet */
  at(index) {
    for (const span of this.#spans) {
      const rank = this.#from(span) + index - span.at;
      if (index >= span.at && rank < this.#to(span)) return this.#entries[rank].id;
    }
    return undefined;
  }

  /** @returns {number} the row of a room; -1 where it has none */
  indexOf(id) {
    const rank = this.#entries.findIndex((entry) => entry.id === id);
    const span = this.#spans.find((span) => rank >= this.#from(span) && rank < this.#to(span));
    return rank < 0 || !span ? -1 : span.at + rank - this.#from(span);
  }

  /**
   * Takes the rooms that are known to belong to the list, in any order.
   * @param {Entry[]} entries
   */
  setRooms(entries) {
    const sorted = entries.sort(compare);
    if (this.#spans.some((span) => span.at > 0)) this.#follow(new Map(sorted.map((entry) => [entry.id, entry])));
    this.#entries = sorted;
  }

  /**
   * Takes an answered range: all rooms within it are now known, `arrived` among them.
   * @param {[number, number]} range inclusive
   * @param {Set<string>} arrived
   */
  settle([start, end], arrived) {
    const length = Math.min(end, this.count - 1) - start + 1;
    if (length <= 0) return;
    const from = this.#locate(start, length, arrived);
    if (from === undefined || from >= this.#entries.length) return;
    this.#merge({ at: start, from, to: Math.min(from + length, this.#entries.length) });
  }

  /** Forgets that the top is complete: nobody reported activity in this list for a while. */
  distrustTop() {
    this.#spans = this.#spans.filter((span) => span.at > 0);
  }

  /** Takes every known room for the whole list, where only this side can tell what belongs to it. */
  settleLocally() {
    this.count = this.#entries.length;
    this.#spans = this.count ? [{ first: TOP, last: this.#entries[this.count - 1], at: 0 }] : [];
  }

  /** Moves the lower spans by the known rooms that now stand above them and did not before, or the other way round. */
  #follow(next) {
    for (const span of this.#spans) {
      if (span.at === 0) continue;
      for (const entry of this.#entries) {
        const now = next.get(entry.id);
        const wasAbove = compare(entry, span.first) < 0;
        const isAbove = now !== undefined && compare(now, span.first) < 0;
        span.at += Number(isAbove) - Number(wasAbove);
      }
      span.at = Math.max(1, span.at);
    }
  }

  /** Finds the rank of the room at index `start`. */
  #locate(start, length, arrived) {
    const top = this.#spans.find((span) => span.at === 0);
    const complete = top ? this.#to(top) : 0;
    if (start <= complete) return start;
    const ranks = [];
    this.#entries.forEach((entry, rank) => arrived.has(entry.id) && rank >= complete && ranks.push(rank));
    const expected = this.#expect(start, length) ?? ranks[0] ?? start;
    if (ranks.length === 0) return this.#bestRun(complete, this.#entries.length - length, length, expected);
    const lowest = Math.max(complete, ranks.at(-1) - length + 1);
    // Activity that does not bump puts a room into a range where this side's order would not have it: go by the middle.
    if (lowest > ranks[0]) return Math.max(complete, ranks[ranks.length >> 1] - (ranks.length >> 1));
    const highest = Math.max(lowest, Math.min(ranks[0], this.#entries.length - length));
    return this.#bestRun(lowest, highest, length, expected);
  }

  /** Where the range would begin if the earlier span nearest to it had not moved. */
  #expect(start, length) {
    const size = (span) => this.#to(span) - this.#from(span);
    const overlap = (span) => Math.min(span.at + size(span), start + length) - Math.max(span.at, start);
    const lower = this.#spans.filter((span) => span.at > 0 && size(span) > 0);
    const nearest = lower.sort((a, b) => overlap(b) - overlap(a))[0];
    return nearest && this.#from(nearest) + start - nearest.at;
  }

  /**
   * Of the runs that begin between two ranks, the one with the fewest seams, places where unknown rooms may stand in
   * between, and of those the one nearest to where it is expected. Spans move unseen when rooms nobody here knew become
   * active, so the expectation alone would not do.
   */
  #bestRun(low, high, length, expected) {
    const seams = this.#spans.flatMap((span) => [this.#from(span), this.#to(span)]);
    let best;
    for (let rank = low; rank <= high; rank++) {
      const crossed = seams.filter((seam) => seam > rank && seam < rank + length).length;
      const cost = crossed * SEAM + Math.abs(rank - expected);
      if (!best || cost < best.cost) best = { rank, cost };
    }
    return best?.rank;
  }

  #merge({ at, from, to }) {
    const apart = [];
    for (const span of this.#spans) {
      const spanFrom = this.#from(span);
      const spanTo = this.#to(span);
      const shares = spanFrom < to && spanTo > from;
      // Standing side by side here proves nothing, there may be unknown rooms between; beside the top it does.
      const touches = span.at === 0 && spanTo === from && spanTo === at;
      if (spanFrom >= spanTo) continue;
      if (!shares && !touches) {
        apart.push(span);
        continue;
      }
      // The span from the top keeps its anchor; otherwise the fresh answer knows better.
      at = span.at === 0 ? 0 : at - Math.max(0, from - spanFrom);
      from = Math.min(from, spanFrom);
      to = Math.max(to, spanTo);
    }
    const span = { first: at <= 0 ? TOP : this.#entries[from], last: this.#entries[to - 1], at: Math.max(0, at) };
    apart.forEach((other) => this.#makeWay(other, span));
    this.#spans = [...apart, span].filter((span) => span.at > 0 || span.first === TOP).sort((a, b) => a.at - b.at);
  }

  /** Moves a span that has drifted into the rows of a fresh one. */
  #makeWay(span, fresh) {
    if (span.first === TOP) return;
    const size = (span) => this.#to(span) - this.#from(span);
    if (compare(span.first, fresh.first) < 0) span.at = Math.max(0, Math.min(span.at, fresh.at - size(span)));
    else span.at = Math.max(span.at, fresh.at + size(fresh));
  }

  #from(span) {
    return this.#rank(span.first, (order) => order < 0);
  }

  #to(span) {
    return this.#rank(span.last, (order) => order <= 0);
  }

  /** Counts the entries that stand before a boundary, by bisection. */
  #rank(boundary, isBefore) {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(compare(this.#entries[middle], boundary))) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export const OVERSCAN = 20;
const MARGIN = 8;

/**
 * The range to ask for, given the rows on screen. Stays as it is while the screen is well inside of it, so that
 * scrolling a little costs no request.
 * @param {[number, number]} visible first and last row on screen
 * @param {[number, number]} current
 * @param {number} count
 * @returns {[number, number]}
 */
export function rangeFor([first, last], current, count) {
  const end = Math.max(count - 1, OVERSCAN);
  const inside = Math.max(0, first - MARGIN) >= current[0] && Math.min(end, last + MARGIN) <= current[1];
  if (inside && current[1] - current[0] <= last - first + 4 * OVERSCAN) return current;
  return [Math.max(0, first - OVERSCAN), Math.max(last + OVERSCAN, 2 * OVERSCAN)];
}
