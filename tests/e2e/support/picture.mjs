// What a page looked like when a test failed.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Does `work`; if it fails, leaves a screenshot and the console of `page` in a temporary folder, and names it in the error. */
export async function withPicture(page, work) {
  try {
    return await work();
  } catch (error) {
    const folder = mkdtempSync(join(tmpdir(), 'sash-failed-'));
    writeFileSync(join(folder, 'console.txt'), page.log.join('\n'));
    await page.screenshot({ path: join(folder, 'page.png'), timeout: 5_000 }).catch((reason) => writeFileSync(join(folder, 'no-picture.txt'), String(reason)));
    throw new Error(`${error.message}\n\nscreenshot and console: ${folder}`, { cause: error });
  }
}
