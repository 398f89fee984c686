// The npm packages, exactly as locked.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { contentKey, fromRoot } from '../lib/paths.mjs';
import { run } from '../lib/steps.mjs';

const MARK = fromRoot('node_modules', '.locked-as');

/** Installs what package-lock.json names, unless that is what is there. */
export async function setUpNpm() {
  const key = contentKey('package.json', 'package-lock.json');
  if (existsSync(MARK) && readFileSync(MARK, 'utf8') === key) return 'up to date';
  // matrix-js-sdk asks for a newer Node than we do; we run it in browsers only, so the warning says nothing here.
  await run('npm', ['ci', '--loglevel=error'], { quiet: true, hint: 'npm ci' });
  writeFileSync(MARK, key);
  return 'installed';
}
