// The pages that are measured, and the browser that they run in.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setUp } from '../../scripts/setup/index.mjs';
import { buildNpm, buildPage } from '../../scripts/lib/outputs.mjs';
import { distWww, root } from '../../scripts/lib/paths.mjs';
import { Problem } from '../../scripts/lib/steps.mjs';
import { launchBrowser, servePage } from '../../tests/e2e/support/index.mjs';

const PAGES = join(root, 'benches', 'pages');
const PROBE = join(PAGES, 'probe.js');
const BLANK = '/bench/blank.html';
const ICON = '<link rel="icon" href="data:,">';

/** What the minimal pages mark, in order: any room painted; a screenful painted; everything known and, where the client has to, saved. */
const MARKS = { rows: { mark: 'rows' }, screen: { mark: 'screen' }, settled: { mark: 'settled' } };
/** The demo page hides its progress line when the account is complete. */
const DEMO_PAGE_MARKS = { screen: { mark: 'sash:list-painted' }, settled: { selector: '[data-testid=progress][hidden]' } };

/** The clients by name. `session` gives the key and value under which they look for one in localStorage, `marks` how their page shows what it has reached, in order. */
export const CLIENTS = {
  sash: { title: 'Sash', path: '/bench/sash.html', session: minimal, marks: MARKS, needsPackage: true },
  page: { title: 'Sash, demo page', path: '/index.html', session: demoPage, marks: DEMO_PAGE_MARKS, needsPackage: true },
  'js-sdk': { title: 'matrix-js-sdk v2', path: '/bench/js-sdk.html', session: minimal, marks: MARKS, needsPackage: false },
};

/** Splits and checks a list of clients as the command line has it. */
export function clientNames(text) {
  const names = text.split(',').filter(Boolean);
  for (const name of names) if (!Object.hasOwn(CLIENTS, name)) throw new Problem(`there is no client ${name}, only ${Object.keys(CLIENTS).join(', ')}`);
  return names;
}

/** Builds what the pages of these clients are made of. */
export async function buildPages(names, { build = true } = {}) {
  const needsPackage = names.some((name) => CLIENTS[name].needsPackage);
  if (!build) {
    if (needsPackage && !existsSync(join(distWww, 'sash', 'index.js'))) throw new Problem('dist/www is not built: leave out --no-build, or `npm run build`');
    return;
  }
  await setUp('npm', 'browser');
  if (!needsPackage) return;
  await buildNpm();
  await buildPage();
}

/** Serves the demo page and the minimal pages on one origin, as `servePage` does. */
export async function serveClients() {
  return servePage(distWww, {
    pages: {
      [BLANK]: `<!doctype html>${ICON}<title>Blank</title>`,
      '/bench/sash.html': html('sash.js'),
      '/bench/sash.js': await bundle('sash.js', { external: ['/sash/*'] }),
      '/bench/js-sdk.html': html('js-sdk.js'),
      '/bench/js-sdk.js': await bundle('js-sdk.js'),
      '/bench/js-sdk-worker.js': await bundle('js-sdk-worker.js', { format: 'iife' }),
    },
  });
}

/**
 * Opens a browser with an empty profile for one client, logged in with `session` but not loaded yet. Returns `{ page, load(), close() }`: each `load` navigates,
 * the first time with an empty store, then with what is stored.
 */
export async function openClient(name, { site, session }) {
  const { path, session: stored } = CLIENTS[name];
  const browser = await launchBrowser({ viewport: { width: 1280, height: 800 } });
  const page = await browser.newPage();
  await page.addInitScript(readFileSync(PROBE, 'utf8'));
  await page.goto(new URL(BLANK, site.url).href);
  await page.evaluate(([key, value]) => localStorage.setItem(key, JSON.stringify(value)), stored(session));
  return {
    page,
    load: () => page.goto(new URL(path, site.url).href, { waitUntil: 'commit' }),
    close: browser.close,
  };
}

/** Loads a client and waits for its marks, or those of them that are asked for. Returns when each was reached, in milliseconds since the navigation began. */
export async function loadClient(name, { page, load }, limitMs, wanted = Object.keys(CLIENTS[name].marks)) {
  await load();
  const times = {};
  for (const what of wanted) {
    const sign = CLIENTS[name].marks[what];
    const reached = page.evaluate(({ mark, selector }) => (mark ? probe.marked(mark) : probe.present(selector)), sign);
    times[what] = await Promise.race([reached, sleep(limitMs, undefined, { ref: false })]);
    if (times[what] === undefined) throw new Problem(`${CLIENTS[name].title} was not at "${what}" within ${limitMs / 1000} s\n--- what the page said ---\n${page.log.slice(-20).join('\n')}`);
  }
  return times;
}

function minimal(session) {
  return ['bench-session', session];
}

function demoPage(session) {
  return ['sash-session', { mode: 'engine', server: '', ...session }];
}

const html = (script) =>
  `<!doctype html><meta charset="utf-8">${ICON}<title>Bench</title><ol data-testid="room-list"></ol><script type="module" src="/bench/${script}"></script>`;

async function bundle(entry, options = {}) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(PAGES, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    define: { global: 'globalThis' },
    logLevel: 'error',
    absWorkingDir: root,
    ...options,
  });
  return outputFiles[0].contents;
}
