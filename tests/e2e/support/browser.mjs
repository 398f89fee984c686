// A real Chromium, driven by Playwright's library but never downloaded by it.
import { findChromium } from '../../../scripts/setup/browser.mjs';
import { tempDir } from './temp.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts a browser with a profile of its own, so that its storage outlives a page and, with `profile`, the browser.
 * Returns `{ context, profile, newPage(), close() }`. A page's errors and console are in its `log` array.
 */
export async function launchBrowser({ profile, ...options } = {}) {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium found: `npm test -- e2e` gets one, or name it in SASH_CHROMIUM');
  const { chromium } = await import('playwright-core');
  const own = profile === undefined ? tempDir('profile') : undefined;
  const context = await chromium.launchPersistentContext(profile ?? own.path, { executablePath, headless: true, args: FLAGS, ...options });
  return {
    context,
    profile: profile ?? own.path,
    newPage: async () => withLog(await context.newPage()),
    close: async () => {
      await context.close();
      own?.remove();
    },
  };
}

function withLog(page) {
  page.log = [];
  page.on('console', (message) => page.log.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => page.log.push(`uncaught: ${error.stack ?? error}`));
  return page;
}
