// Where things live: the checkout, its build outputs, and the cache folder that outlives the checkout.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Cargo's outputs always belong to the checkout, whatever the caller's environment says: scripts look for binaries here. */
export const targetDir = join(root, 'target');

export const distNpm = join(root, 'dist', 'npm');
export const distWww = join(root, 'dist', 'www');

/** What is expensive to make and depends on pinned versions only. Safe to delete: the next run makes it again. */
export const cacheDir =
  process.env.SASH_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sash');

export const fromRoot = (...parts) => join(root, ...parts);

/** A short hash over the contents of files of the checkout: the part of a cache entry's name that says "made from exactly this". */
export function contentKey(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(fromRoot(file))).update('\0');
  return hash.digest('hex').slice(0, 12);
}

/** A binary or example that cargo built, release before debug unless told otherwise; undefined if neither exists. */
export function builtBinary(name, profiles = ['debug', 'release']) {
  const candidates = profiles.flatMap((profile) => [join(targetDir, profile, name), join(targetDir, profile, 'examples', name)]);
  return candidates.find((path) => existsSync(path));
}
