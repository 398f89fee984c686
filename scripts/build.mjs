// `npm run build`: the npm package (dist/npm), the demo page (dist/www) and the server (target/release/sash-sync).
import { buildNpm, buildPage, buildServer } from './lib/outputs.mjs';
import { onInterrupt } from './lib/processes.mjs';
import { report } from './lib/steps.mjs';

onInterrupt();
try {
  await buildNpm();
  await buildPage();
  await buildServer({ demo: false });
} catch (error) {
  process.exit(report(error));
}
