// Folders that are gone when their user is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new temporary folder: `{ path, remove() }`. Removed at exit if nobody did it before. */
export function tempDir(name) {
  const path = mkdtempSync(join(tmpdir(), `sash-${name}-`));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  return {
    path,
    remove: () => {
      process.removeListener('exit', remove);
      remove();
    },
  };
}
