// matrix-js-sdk, unmodified, in a page that an application's bundler could have made.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from '../../../scripts/lib/paths.mjs';

const CRYPTO = fromRoot('node_modules', '@matrix-org', 'matrix-sdk-crypto-wasm', 'pkg', 'matrix_sdk_crypto_wasm_bg.wasm');

let bundled;

/** What a page with the SDK serves, by path: `/js-sdk.js`, which sets `window.element`, and the WebAssembly of its crypto. */
export async function sdkFiles() {
  bundled ??= bundle();
  return { '/js-sdk.js': await bundled, '/pkg/matrix_sdk_crypto_wasm_bg.wasm': readFileSync(CRYPTO) };
}

async function bundle() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'js-sdk-page.js')],
    bundle: true,
    format: 'esm',
    write: false,
    define: { global: 'globalThis' },
    logLevel: 'error',
  });
  return outputFiles[0].text;
}
