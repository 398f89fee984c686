// Put into every measured page before its own scripts: the one clock and the one meter of all clients.
//
// Time is `performance.now()`: milliseconds since the navigation began, so a client's own code counts.
(() => {
  const TICK_MS = 4;
  let longestTask = 0;
  let longestGap = 0;

  // Long tasks are what browsers call them from 50 ms; gaps between the ticks of a timer show the shorter ones too.
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestTask = Math.max(longestTask, duration);
  }).observe({ type: 'longtask', buffered: true });
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    longestGap = Math.max(longestGap, now - last - TICK_MS);
    last = now;
    setTimeout(tick, TICK_MS);
  };
  setTimeout(tick, TICK_MS);

  const watched = new Map();

  /** Resolves with the time at which the DOM is found to be as wanted. */
  const changed = (isThere) =>
    new Promise((resolve) => {
      const look = () => {
        if (!isThere()) return;
        observer.disconnect();
        resolve(performance.now());
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      look();
    });

  globalThis.probe = {
    /** Marks the moment at which what is in the DOM now has been painted. Only the first mark of a name counts. */
    painted(name) {
      if (performance.getEntriesByName(name).length > 0) return;
      // A frame's callbacks run before its painting, messages posted there after it.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => performance.getEntriesByName(name).length === 0 && performance.mark(name);
        port2.postMessage(undefined);
      });
    },

    /** Resolves with the time of a mark when it is there. */
    marked(name) {
      return new Promise((resolve) => {
        new PerformanceObserver((list) => {
          const [mark] = list.getEntriesByName(name);
          if (mark) resolve(mark.startTime);
        }).observe({ type: 'mark', buffered: true });
      });
    },

    /** Resolves with the time at which an element was there, now at the earliest. */
    present: (selector) => changed(() => document.querySelector(selector)),

    /** The longest time for which the main thread did nothing else, in milliseconds since the navigation. */
    longestBlock: () => Math.max(longestTask, longestGap),

    /** Starts to look out for a text anywhere in the room list. */
    watch: (text) => void watched.set(text, changed(() => document.querySelector('[data-testid=room-list]')?.textContent.includes(text))),

    /** Resolves with the time at which a watched text came into the list. */
    async seen(text) {
      const at = await watched.get(text);
      watched.delete(text);
      return at;
    },
  };
})();
