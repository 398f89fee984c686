// matrix-js-sdk, unmodified, in a page that an application's bundler could have made.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { distNpm, fromRoot } from '../../../scripts/lib/paths.mjs';
import { launchBrowser } from './browser.mjs';
import { servePage } from './page.mjs';

const CRYPTO = fromRoot('node_modules', '@matrix-org', 'matrix-sdk-crypto-wasm', 'pkg', 'matrix_sdk_crypto_wasm_bg.wasm');

let bundled;

/** A page of an application that has the SDK and the npm package, in a browser of its own. It ends with the test `t`. */
export async function sdkPage(t) {
  const index = '<!doctype html><title>Element</title><link rel="icon" href="data:,"><script type="module" src="/js-sdk.js"></script>';
  const site = await servePage(distNpm, { pages: { '/index.html': index, ...(await sdkFiles()) } });
  t.after(site.stop);
  const browser = await launchBrowser();
  t.after(browser.close);
  const page = await browser.newPage();
  await openPage(page, site.url);
  return page;
}

/** Leaves the application, as by closing its tab: nothing of it runs any more. Returns `comeBack()`, which loads it anew; its storage is what it was. */
export async function leave(page) {
  const url = page.url();
  await page.goto('about:blank');
  return () => openPage(page, url);
}

async function openPage(page, url) {
  await page.goto(url);
  await page.waitForFunction(() => window.element !== undefined);
}

/** Starts the SDK on sliding sync at `baseUrl`, whoever answers it there. */
export const start = (page, { userId, deviceId, accessToken }, baseUrl, { crypto = false } = {}) =>
  page.evaluate((options) => window.element.start(options), { account: { userId, deviceId, accessToken }, baseUrl, crypto });

/** Starts the SDK on the engine: `fetchFn` is all that it is given. The engine's worker is `window.engineWorker`; one that has failed is replaced. */
export const startOnEngine = (page, { userId, deviceId, accessToken }, homeserver, { crypto = false } = {}) =>
  page.evaluate(
    async ({ crypto, ...account }) => {
      const { openSash } = await import('/index.js');
      const open = async () => {
        window.engineWorker = new Worker('/worker.js', { type: 'module' });
        try {
          const sash = await openSash({ ...account, worker: window.engineWorker });
          sash.addEventListener('status', ({ detail }) => detail.state === 'failed' && (engine = open()));
          return sash;
        } catch (error) {
          console.warn(`the engine did not open: ${error}`);
          return open();
        }
      };
      let engine = open();
      await engine;
      const fetchFn = async (...request) => (await engine).fetch(...request);
      await window.element.start({ account, baseUrl: account.homeserver, fetchFn, crypto });
    },
    { homeserver, userId, deviceId, accessToken, crypto },
  );

/** What a page with the SDK serves, by path: `/js-sdk.js`, which sets `window.element`, and the WebAssembly of its crypto. */
async function sdkFiles() {
  bundled ??= bundle();
  return { '/js-sdk.js': await bundled, '/pkg/matrix_sdk_crypto_wasm_bg.wasm': readFileSync(CRYPTO) };
}

async function bundle() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'js-sdk-page.js')],
    bundle: true,
    format: 'esm',
    write: false,
    define: { global: 'globalThis' },
    logLevel: 'error',
  });
  return outputFiles[0].text;
}
