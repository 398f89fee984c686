// How many tests ran, read off the closing lines of the runners: cargo test, wasm-bindgen-test and Node's.

export const none = Object.freeze({ passed: 0, failed: 0 });

export const add = (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed });

/** What one line of a runner's output adds to the counts. */
export function countLine(line) {
  const cargo = line.match(/^test result: \w+\. (\d+) passed; (\d+) failed;/);
  if (cargo) return { passed: Number(cargo[1]), failed: Number(cargo[2]) };
  const node = line.match(/^(?:ℹ|#) (pass|fail|cancelled) (\d+)$/);
  if (node) return node[1] === 'pass' ? { passed: Number(node[2]), failed: 0 } : { passed: 0, failed: Number(node[2]) };
  return none;
}
