// What the manifest has, as cargo sees it.
import { run } from './steps.mjs';

/** The names of the package's integration tests (`tests/NAME.rs` or `tests/NAME/main.rs`). */
export async function integrationTests() {
  const metadata = JSON.parse(await run('cargo', ['metadata', '--no-deps', '--format-version', '1', '--locked'], { quiet: true }));
  return metadata.packages[0].targets.filter(({ kind }) => kind.includes('test')).map(({ name }) => name);
}
