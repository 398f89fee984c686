// The demo page on the engine in the browser, before a real homeserver.
import { test } from 'node:test';
import { distWww } from '../../scripts/lib/paths.mjs';
import { servePage } from './support/index.mjs';
import { pageScene } from './support/page-scene.mjs';

test('Alice uses the page with the engine in her browser', async (t) => {
  const site = await servePage(distWww);
  t.after(site.stop);
  const scene = await pageScene(t);
  const { step, page, homeserver } = scene;

  await step('she logs in', () => scene.logIn({ url: site.url, mode: 'engine' }));
  await step('her rooms are in the right order', () => scene.listIsInOrder());
  await step('the page has a window of them', () => scene.windowIsSmall());
  await step("Bob's messages arrive", () => scene.messageArrives());
  await step('she answers', () => scene.messageIsSent());
  await step('she asks why the room stands where it does', () => scene.roomIsExplained());
  await step('she scrolls through the list', () => scene.listScrolls());
  await step('she scrolls back in a room', () => scene.historyIsThere());
  await step('she accepts an invite', () => scene.inviteIsAccepted());

  await step('she reloads while the homeserver is away: the list is there from disk', async () => {
    await homeserver.cut();
    await page.reload();
    await scene.listIsInOrder();
    await scene.isOffline();
  });
  await step('all of it', () => scene.listScrolls());
  await step('Bob is busy meanwhile', () => scene.bobIsBusy());
  await step('the homeserver is back: she catches up', async () => {
    await homeserver.mend();
    await scene.isLive();
    await scene.catchesUp();
  });

  await step('she goes offline', () => scene.goOffline());
  await step('and still scrolls', () => scene.listScrolls());
  await step('Bob is busy again', () => scene.bobIsBusy());
  await step('she comes back and catches up', async () => {
    await scene.comeBack();
    await scene.catchesUp();
  });
  await step('nothing is there twice', () => scene.nothingIsTwice());
  await step('nothing went wrong', () => scene.noErrors());
});
