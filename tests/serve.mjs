// Serves the community of the tests with the engine of this checkout, in a folder that is thrown away,
// runs a script against it, and ends with it:
//
//   node tests/serve.mjs [--release] <script> [arguments]
//
// The script finds the engine's address in LASTMETER_URL; `{url}` in its arguments becomes it too.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '..');
const words = process.argv.slice(2);
const release = words[0] === '--release' ? [words.shift()] : [];
const [script, ...rest] = words;
const data = mkdtempSync(join(tmpdir(), 'lastmeter-serve-'));
const engine = spawn(
  process.env.CARGO ?? 'cargo',
  ['run', '--quiet', ...release, '--package', 'lastmeter', '--', 'serve', '--data', data,
    '--community', join(root, 'tests/data/willow-court.toml'), '--listen', '127.0.0.1:0', '--log-format', 'json'],
  { cwd: root, env: { ...process.env, RUST_LOG: 'info' }, stdio: ['ignore', 'inherit', 'pipe'] },
);

function end(code) {
  engine.removeAllListeners('exit');
  engine.once('exit', () => {
    rmSync(data, { recursive: true, force: true });
    process.exit(code);
  });
  engine.kill('SIGTERM');
}

engine.once('exit', (code) => {
  rmSync(data, { recursive: true, force: true });
  console.error(`the engine ended before it served (${code}): see what it says above`);
  process.exit(1);
});
process.once('SIGINT', () => end(130));

for await (const line of createInterface({ input: engine.stderr })) {
  let said;
  try {
    said = JSON.parse(line).fields;
  } catch {
    console.error(line); // cargo's own words
    continue;
  }
  if (said?.message !== 'serving') continue;
  const url = `http://${said.address}`;
  engine.stderr.resume();
  const child = spawn(process.execPath, [resolve(script), ...rest.map((word) => word.replace('{url}', url))], {
    cwd: dirname(resolve(script)), env: { ...process.env, LASTMETER_URL: url }, stdio: 'inherit',
  });
  child.once('exit', (code) => end(code ?? 1));
  break;
}
