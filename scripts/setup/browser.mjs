// A Chromium with its driver: found on the machine, else from the system's packages, else Playwright's own download.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { makeOnce } from '../lib/lock.mjs';
import { cacheDir, fromRoot } from '../lib/paths.mjs';
import { ask, Problem, run } from '../lib/steps.mjs';

const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const ELSEWHERE = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];
const APT = 'apt-get install chromium chromium-driver';

/** The browser's executable, from `SASH_CHROMIUM`, the search path or the cache folder; undefined if there is none. */
export const findChromium = () =>
  process.env.SASH_CHROMIUM || onPath(CHROMIUMS) || ELSEWHERE.find((path) => existsSync(path)) || cached('chrome-', /^(chrome|chromium|Chromium|Google Chrome for Testing)$/);

/** Its WebDriver, from `CHROMEDRIVER`, the search path or the cache folder; undefined if there is none. */
export const findChromedriver = () => process.env.CHROMEDRIVER || onPath(['chromedriver']) || cached('chromedriver-', /^chromedriver$/);

/** Makes sure there is a browser. Returns its version. */
export async function setUpBrowser() {
  if (!findChromium()) await installFromApt();
  if (!findChromium()) await installFromPlaywright();
  const browser = findChromium();
  const version = browser && (await versionOf(browser));
  if (!version) throw new Problem(`No Chromium that starts${browser ? ` (${browser} does not)` : ''}. Get it with:\n→ ${APT}   (or name one: SASH_CHROMIUM=/path/to/chrome)`);
  return `${browser} ${version}`;
}

/** Makes sure there is a driver of the browser's own major version, and writes the configuration that the wasm test runner reads. */
export async function setUpDriver() {
  if (!findChromedriver()) await installFromApt();
  const browser = await versionOf(findChromium());
  if (!findChromedriver()) await downloadDriver(browser);
  const driver = findChromedriver();
  const version = driver && (await versionOf(driver));
  if (!version) throw new Problem(`No chromedriver for Chromium ${browser}. Get it with:\n→ ${APT}   (or name one: CHROMEDRIVER=/path/to/chromedriver)`);
  if (major(version) !== major(browser)) {
    throw new Problem(`chromedriver ${version} cannot drive Chromium ${browser}. Get a matching pair with:\n→ ${APT}   (or SASH_CHROMIUM=… CHROMEDRIVER=…)`);
  }
  return `${driver} ${version}`;
}

/** The environment in which `cargo test --target wasm32-unknown-unknown` finds the browser that we found. */
export function driverEnvironment() {
  const config = JSON.parse(readFileSync(fromRoot('webdriver.json'), 'utf8'));
  config['goog:chromeOptions'].binary = findChromium();
  mkdirSync(fromRoot('.cache'), { recursive: true });
  const path = fromRoot('.cache', 'webdriver.json');
  writeFileSync(path, JSON.stringify(config));
  return { CHROMEDRIVER: findChromedriver(), WASM_BINDGEN_TEST_WEBDRIVER_JSON: path };
}

async function installFromApt() {
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) return;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // Failing is no end: Ubuntu's packages of these names are empty shells around snap, and there is one more way.
  await ask('apt-get', ['update', '-qq'], { timeoutMs: 5 * 60_000, env });
  await ask('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'chromium-driver'], { timeoutMs: 10 * 60_000, env });
}

async function installFromPlaywright() {
  const { version } = JSON.parse(readFileSync(fromRoot('node_modules', 'playwright-core', 'package.json'), 'utf8'));
  const hint = `${APT}   (or: npx playwright-core install --with-deps chromium)`;
  await makeOnce(join(cacheDir, `chrome-${version}`), (dir) =>
    run('npx', ['playwright-core', 'install', 'chromium'], { quiet: true, hint, env: { PLAYWRIGHT_BROWSERS_PATH: dir } }),
  );
}

async function downloadDriver(browserVersion) {
  const args = ['--yes', '@puppeteer/browsers@2', 'install', `chromedriver@${browserVersion}`, '--path'];
  await makeOnce(join(cacheDir, `chromedriver-${browserVersion}`), (dir) => run('npx', [...args, dir], { quiet: true, hint: APT }));
}

const onPath = (names) =>
  names.flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name))).find((path) => existsSync(path) && !isSnapStub(path));

/** Ubuntu's package of a browser may be a script that only says to install a snap, which does not run in containers. */
const isSnapStub = (path) => statSync(path).size < 16_384 && readFileSync(path, 'utf8').includes('snap install');

function cached(prefix, name) {
  if (!existsSync(cacheDir)) return undefined;
  const complete = readdirSync(cacheDir).filter((entry) => entry.startsWith(prefix) && existsSync(join(cacheDir, entry, '.complete')));
  for (const entry of complete.sort().reverse()) {
    const found = readdirSync(join(cacheDir, entry), { recursive: true, withFileTypes: true }).find((file) => file.isFile() && name.test(file.name));
    if (found) return join(found.parentPath ?? found.path, found.name);
  }
  return undefined;
}

const versionOf = async (path) => (await ask(path, ['--version']))?.match(/\d+(\.\d+)+/)?.[0];
const major = (version) => version?.split('.')[0];
