// The demo page as somebody uses it: what is on the screen, and what one can do there.
import { eventually } from './wait.mjs';

const ROW_HEIGHT = 68;

/** Wraps a page on which the demo page is (or will be). */
export function demoPage(page) {
  const part = (id) => page.getByTestId(id);
  const view = {
    page,

    /** Fills in the form. `mode` is who answers sliding sync: `engine` or `server`, then at the URL `server`. */
    async logIn({ mode, homeserver, server, user, password }) {
      await part(`login-mode-${mode}`).check({ force: true });
      if (mode === 'server') await part('login-server').fill(server);
      await part('login-homeserver').fill(homeserver);
      await part('login-user').fill(user);
      await part('login-password').fill(password);
      await part('login-submit').click();
    },

    /** The rows that are drawn and hold a room, from above: `{ index, id, name, preview, badge }`. */
    rows: () =>
      page.evaluate(() => {
        const text = (row, part) => row.querySelector(part)?.textContent ?? '';
        return [...document.querySelectorAll('[data-testid=room-row]')]
          .map((row) => ({ index: Number(row.dataset.index), id: row.dataset.roomId, name: text(row, '.row-name'), preview: text(row, '.row-preview'), badge: text(row, '.badge') }))
          .sort((a, b) => a.index - b.index);
      }),

    /** How many rows the whole list has, drawn or not. */
    length: () => page.evaluate((height) => parseInt(document.querySelector('[data-testid=room-list] .list-sizer').style.height || '0') / height, ROW_HEIGHT),

    /** Scrolls the list so that the row `index` is at its top. */
    scrollTo: (index) => part('room-list').evaluate((list, top) => list.scrollTo(0, top), index * ROW_HEIGHT),

    /** What the state beside the user's name is: `live`, `offline` … */
    state: () => part('status').getAttribute('data-state'),

    /** Clicks a row that is on the screen and waits for its room. */
    async openRow(roomId) {
      await page.locator(`[data-testid=room-row][data-room-id="${roomId}"]`).click();
      await page.waitForFunction((id) => location.hash.includes(encodeURIComponent(id)) && document.querySelector('[data-testid=room-title]').offsetParent, roomId);
    },

    /** How many rooms the page was sent so far, by its own count. */
    async known() {
      await part('panel-toggle-list').click();
      const text = await page.locator('[data-value=known]').textContent();
      await part('panel-toggle-list').click();
      return Number(text.replace(/\D/g, ''));
    },

    /** The messages of the open room that are on the page, oldest first. */
    messages: () => page.evaluate(() => [...document.querySelectorAll('[data-testid=timeline] .message')].map((item) => ({ id: item.dataset.eventId, body: item.querySelector('.body').textContent, status: item.classList.contains('sending') ? 'sending' : item.classList.contains('failed') ? 'failed' : 'sent' }))),

    bodies: async () => (await view.messages()).map(({ body }) => body),

    async send(body) {
      await part('composer').fill(body);
      await part('composer').press('Enter');
    },

    /** Scrolls the open room back as far as it goes at present. */
    scrollBack: () => part('timeline').evaluate((timeline) => timeline.scrollTo(0, -timeline.scrollHeight)),

    /** The sentences that say why the open room is where it is. */
    async because() {
      await part('panel-toggle').click();
      await part('panel-explain').click();
      await part('panel-because').locator('li').first().waitFor();
      const sentences = await part('panel-because').locator('li').allTextContents();
      await part('panel-toggle').click();
      return sentences;
    },

    accept: () => part('invite-accept').click(),
    choose: (filter) => part(`filter-${filter}`).click(),

    /** Waits until the rows from `first` on are those of `expected`, room ids in order; says what differs otherwise. */
    shows: (what, expected, { first = 0, ...options } = {}) =>
      eventually(
        what,
        async () => {
          const rows = new Map((await view.rows()).map((row) => [row.index, row]));
          const wrong = expected.map((id, i) => ({ index: first + i, wanted: id, there: rows.get(first + i) })).filter(({ wanted, there }) => there?.id !== wanted);
          if (wrong.length === 0) return true;
          throw new Error(`${wrong.length} of ${expected.length} rows are not as they should be, such as row ${wrong[0].index}: wanted ${wrong[0].wanted}, there is ${JSON.stringify(wrong[0].there)}`);
        },
        options,
      ),
  };
  return view;
}
