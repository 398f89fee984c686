// A real homeserver for the end-to-end tests: Synapse in a Python virtual environment of its own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeOnce } from '../lib/lock.mjs';
import { cacheDir, contentKey, fromRoot } from '../lib/paths.mjs';
import { ask, Problem, run } from '../lib/steps.mjs';

const REQUIREMENTS = 'scripts/setup/synapse-requirements.txt';
const PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];

const venv = () => join(cacheDir, `synapse-${contentKey(REQUIREMENTS)}`);

/** The Python that has Synapse: `SASH_SYNAPSE_PYTHON`, or the one that `setUpSynapse` made. */
export const synapsePython = () => process.env.SASH_SYNAPSE_PYTHON || join(venv(), 'bin', 'python');

/** Makes the virtual environment, once per set of pinned versions. */
export async function setUpSynapse() {
  if (process.env.SASH_SYNAPSE_PYTHON) return `SASH_SYNAPSE_PYTHON=${process.env.SASH_SYNAPSE_PYTHON}`;
  const made = await makeOnce(venv(), async (dir) => {
    const python = await findPython();
    const hint = `${python} -m venv ${dir} && ${dir}/bin/python -m pip install -r ${REQUIREMENTS}`;
    await makeVenv(python, dir, hint);
    const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--only-binary', 'matrix-synapse', '-r', fromRoot(REQUIREMENTS)];
    await run(join(dir, 'bin', 'python'), args, { quiet: true, hint });
  });
  return made ? 'installed' : 'from the cache';
}

async function findPython() {
  for (const python of PYTHONS) {
    if (await ask(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']) !== undefined) return python;
  }
  throw new Problem('Synapse needs Python 3.10 or newer. Get it with:\n→ apt-get install python3 python3-venv   (macOS: brew install python)');
}

async function makeVenv(python, dir, hint) {
  // Debian splits `ensurepip` off into a package of its own; as root we can fetch it, otherwise the message names it.
  if (await ask(python, ['-c', 'import ensurepip']) === undefined && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    await run('apt-get', ['update', '-qq'], { quiet: true });
    await run('apt-get', ['install', '-y', '-qq', 'python3-venv'], { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  }
  await run(python, ['-m', 'venv', dir], { quiet: true, hint: `apt-get install python3-venv, then ${hint}` });
}
