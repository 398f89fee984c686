// One maker at a time for an entry of the cache folder: several checkouts share it.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const COMPLETE = '.complete';

/**
 * Makes `dir` once: calls `make(dir)` on an empty folder and marks it complete. A folder without the mark is what an interrupted run left,
 * and is made again. Returns whether it was made now.
 */
export async function makeOnce(dir, make) {
  if (existsSync(join(dir, COMPLETE))) return false;
  mkdirSync(dirname(dir), { recursive: true });
  const release = await lock(`${dir}.lock`);
  try {
    if (existsSync(join(dir, COMPLETE))) return false;
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir);
    await make(dir);
    writeFileSync(join(dir, COMPLETE), '');
    return true;
  } finally {
    release();
  }
}

async function lock(path) {
  for (let waited = 0; ; waited += 1) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      const release = () => rmSync(path, { force: true });
      process.once('exit', release);
      return () => {
        process.removeListener('exit', release);
        release();
      };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isAlive(holder(path))) rmSync(path, { force: true });
    else {
      if (waited === 0) console.log(`  waiting for another run that is making this (remove ${path} if there is none)`);
      await sleep(1_000);
    }
  }
}

function holder(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return NaN;
  }
}

function isAlive(pid) {
  // The holder writes its number right after making the file: an empty file is a fresh one, not a dead holder.
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
