// A page that has nothing but the built package: `window.sash` is the package, `window.engines` what the test opened.
import { distNpm } from '../../../scripts/lib/paths.mjs';
import { launchBrowser } from './browser.mjs';
import { servePage } from './page.mjs';

const PAGE = `<!doctype html><title>Engine</title><link rel="icon" href="data:,">
<script type="module">
  import * as sash from '/index.js';
  window.sash = sash;
  window.engines = {};
  // What an error says of itself, in a shape that leaves the page.
  window.describe = (error) => ({ name: error.name, errcode: error.errcode, status: error.status, message: error.message });
  window.outcome = (promise) => promise.then((value) => ({ value }), (error) => ({ error: window.describe(error) }));
</script>`;

/** Serves the package, and `pages` beside it, and starts a browser. Returns `{ url, newTab(), browser }`; all of it ends with the test `t`. */
export async function engineScene(t, { profile, pages } = {}) {
  const site = await servePage(distNpm, { pages: { '/index.html': PAGE, ...pages } });
  t.after(site.stop);
  const browser = await launchBrowser({ profile });
  t.after(browser.close);
  const newTab = async () => {
    const page = await browser.newPage();
    await page.goto(site.url);
    await ready(page);
    return page;
  };
  return { url: site.url, browser, newTab };
}

/** Loads the page anew, as a user would. */
export async function reload(page) {
  await page.reload();
  await ready(page);
}

const ready = (page) => page.waitForFunction(() => window.outcome !== undefined);

/** Opens the engine of `account` under `name`. Returns `{ value }`, the milliseconds it took, or `{ error }`. */
export const open = (page, account, { name = 'main', ...options } = {}) =>
  page.evaluate(
    async ([account, name, options]) => {
      const began = performance.now();
      return window.outcome(
        window.sash.openSash({ ...account, ...options }).then((engine) => {
          window.engines[name] = engine;
          return performance.now() - began;
        }),
      );
    },
    [account, name, options],
  );

/** Sends one request. Returns `{ value }` or `{ error }`. */
export const sync = (page, request, { name = 'main', api = 'v4' } = {}) =>
  page.evaluate(([name, request, api]) => window.outcome(window.engines[name].sync(request, { api })), [name, request, api]);
