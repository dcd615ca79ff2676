// Asks everything that the published contracts allow, and much that they do not, of an engine that
// serves the tests' community: no answer may be a server's error. It ends with 1 when one was.
//
//   node tests/serve.mjs tests/clients/schemathesis/probe.mjs [questions an operation] [seed]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const url = process.env.LASTMETER_URL;
const [examples = '20', seed = '1'] = process.argv.slice(2);
const here = import.meta.dirname;
const contract = resolve(here, '../../../schema/http/openapi.json');
// It keeps notes in the folder where it runs.
const work = mkdtempSync(join(tmpdir(), 'lastmeter-probe-'));

function probe(name, where) {
  const words = ['run', ...where, '--checks', 'not_a_server_error', '--max-examples', examples, '--seed', seed,
    '--phases', 'examples,coverage,fuzzing', '--suppress-health-check', 'all', '--warnings', 'off',
    '--continue-on-failure', '--request-timeout', '60', '--no-color'];
  console.log(`\n=== ${name}: up to ${examples} questions an operation`);
  const env = { ...process.env, SCHEMATHESIS_HOOKS: join(here, 'hooks.py') };
  const { status, error } = spawnSync(join(here, 'venv/bin/schemathesis'), words, { cwd: work, env, stdio: 'inherit' });
  if (error) console.error(`schemathesis cannot be started (${error.message}): \`cargo xtask probe\` installs it`);
  return status === 0;
}

const rest = probe('REST', [contract, '--url', url]);
const graphql = probe('GraphQL', [`${url}/graphql`]);
rmSync(work, { recursive: true, force: true });
process.exit(rest && graphql ? 0 : 1);
