// The sources as Node can run them: each test file compiles what it tests, in memory.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../..', import.meta.url));

/** Imports modules of js/ by their names without extension, bundled together so that they share their classes. */
export async function load(...names) {
  const contents = names.map((name) => `export * from "./${name}.ts";`).join('\n');
  const { outputFiles } = await build({ stdin: { contents, resolveDir: sources, loader: 'ts' }, bundle: true, format: 'esm', platform: 'neutral', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
