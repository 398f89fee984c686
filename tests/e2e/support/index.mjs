// Everything an end-to-end test builds its scene from.
export { launchBrowser } from './browser.mjs';
export { ApiError, client } from './client.mjs';
export { servePage } from './page.mjs';
export { startDemoHomeserver, startSash } from './servers.mjs';
export { register, startSynapse } from './synapse.mjs';
export { tempDir } from './temp.mjs';
export { eventually } from './wait.mjs';
