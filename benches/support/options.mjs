// The command line that the benchmarks share.
import { parseArgs } from 'node:util';
import { Problem } from '../../scripts/lib/steps.mjs';

/**
 * Reads the command line. `numbers`, `words` and `flags` are the options by name with their defaults; every benchmark also has `--json FILE`,
 * `--no-build` and `--help`. Returns the values by name, or nothing after printing `usage` for `--help`.
 */
export function readOptions(usage, { numbers = {}, words = {}, flags = [] }) {
  const text = Object.fromEntries([...Object.keys(numbers), ...Object.keys(words), 'json'].map((name) => [name, { type: 'string' }]));
  const yes = Object.fromEntries([...flags, 'no-build', 'help'].map((name) => [name, { type: 'boolean' }]));
  const values = parse({ ...text, ...yes }, usage);
  if (values.help) return void console.log(usage);
  for (const [name, fallback] of Object.entries(numbers)) values[name] = number(name, values[name], fallback);
  return { ...words, ...values };
}

function parse(options, usage) {
  try {
    return { ...parseArgs({ options }).values };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${usage}`);
  }
}

function number(name, text, fallback) {
  if (text === undefined) return fallback;
  if (!/^[1-9]\d*$/.test(text)) throw new Problem(`--${name} needs a number greater than 0, not ${text}`);
  return Number(text);
}
