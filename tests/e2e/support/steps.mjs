// A scenario whose steps build on one another: each is reported by its name, and the first that fails ends it with a picture of the page.
import { withPicture } from './picture.mjs';

/** Returns `step(name, work)`, which does `work` as a test within `t`. */
export function steps(t, page) {
  return async (name, work) => {
    let failed = false;
    await t.test(name, () =>
      withPicture(page, work).catch((error) => {
        failed = true;
        throw error;
      }),
    );
    if (failed) throw new Error(`the steps after "${name}" need it`);
  };
}
