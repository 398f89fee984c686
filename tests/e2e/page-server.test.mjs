// The demo page on the server, which stands before a real homeserver.
import { test } from 'node:test';
import { startSash, tempDir } from './support/index.mjs';
import { pageScene } from './support/page-scene.mjs';

test('Alice uses the page with a server', async (t) => {
  const scene = await pageScene(t);
  const { step, page, homeserver } = scene;
  const data = tempDir('data');
  t.after(data.remove);
  const start = (port) => startSash({ homeserver: homeserver.url, data: data.path, port });
  let sash = await start();
  t.after(() => sash.stop());

  await step('she logs in', () => scene.logIn({ url: `${sash.url}/client/`, mode: 'server', server: sash.url }));
  await step('her rooms are in the right order', () => scene.listIsInOrder());
  await step('the page has a window of them', () => scene.windowIsSmall());
  await step("Bob's messages arrive", () => scene.messageArrives());
  await step('she answers', () => scene.messageIsSent());
  await step('she asks why the room stands where it does', () => scene.roomIsExplained());
  await step('she scrolls through the list', () => scene.listScrolls());
  await step('she scrolls back in a room', () => scene.historyIsThere());
  await step('she accepts an invite', () => scene.inviteIsAccepted());

  await step('she reloads while the homeserver is away: the server has the list', async () => {
    await homeserver.cut();
    await page.reload();
    await scene.listIsInOrder();
  });
  await step('all of it', () => scene.listScrolls());
  await step('Bob is busy meanwhile', () => scene.bobIsBusy());
  await step('the homeserver is back: she catches up', async () => {
    await homeserver.mend();
    await scene.catchesUp();
  });

  await step('the server ends, the page stays', async () => {
    await sash.stop();
    await scene.isOffline();
  });
  await step('and still scrolls', () => scene.listScrolls());
  await step('Bob is busy again', () => scene.bobIsBusy());
  await step('the server is back: she catches up, by the positions from before', async () => {
    sash = await start(sash.port);
    await scene.isLive();
    await scene.catchesUp();
  });
  await step('nothing is there twice', () => scene.nothingIsTwice());
  await step('nothing went wrong', () => scene.noErrors());
});
