// Opens many boards at once, as many walls and phones would, and measures how live they stay.
//
//   node boards.mjs http://127.0.0.1:8080 community [boards] [scans a second] [seconds]
//
// Every board is a WebSocket of its own that follows what /board follows. While they are open, pieces
// are scanned in at the gate. How late a board is: from the moment a scan is sent until the board
// has a frame that knows of it. Prints one line of JSON; ends with 1 and a reason when a board fell
// away, did not come to the last scan, or when one in a hundred was later than LATE_MAX_MS.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import WebSocket from 'ws';

const [base, community, boards = '1000', rate = '5', seconds = '30'] = process.argv.slice(2);
const BOARDS = Number(boards);
const RATE = Number(rate);
const SECONDS = Number(seconds);
const OPENED_AT_ONCE = 50;
const OPEN_MAX_MS = 60_000;
const LAST_MAX_MS = 20_000;
const LATE_MAX_MS = 3_000;

/** The page's own documents, so that this measures what the page does. */
const source = readFileSync(new URL('../../services/web/ui/board/words.ts', import.meta.url), 'utf8');
function constant(name) {
  const [, text] = new RegExp(`const ${name} = [\`"]([^\`"]+)[\`"]`).exec(source) ?? fail(`there is no ${name} in words.ts`);
  return text.replace(/\$\{(\w+)\}/g, (_, inner) => constant(inner));
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

const documents = [constant('FOLLOW_BOARD'), constant('FOLLOW_QUEUES')];
/** The scans: when each was sent, and the position at which the log has it. */
const sent = [];
const lateness = [];
let frames = 0;
let bytes = 0;

class Board {
  /** The latest position of either view, and how many scans both have shown. */
  positions = documents.map(() => -1);
  shown = 0;

  open() {
    const opened = new Promise((resolve, reject) => {
      const socket = new WebSocket(base.replace(/^http/, 'ws') + '/graphql', 'graphql-transport-ws', { perMessageDeflate: false });
      const tell = (said) => socket.send(JSON.stringify(said));
      socket.on('open', () => tell({ type: 'connection_init' }));
      socket.on('error', reject);
      socket.on('close', (code) => !this.done && fail(`a board fell away: ${code}`));
      socket.on('message', (data) => {
        const said = JSON.parse(data);
        if (said.type === 'ping') tell({ type: 'pong' });
        if (said.type === 'error') fail(`a board was refused: ${JSON.stringify(said.payload)}`);
        if (said.type === 'connection_ack') {
          documents.forEach((query, at) => tell({ type: 'subscribe', id: String(at), payload: { query, variables: { community } } }));
        }
        if (said.type !== 'next') return;
        if (said.payload.errors) fail(`a frame could not be told: ${JSON.stringify(said.payload.errors)}`);
        frames += 1;
        bytes += data.length;
        this.take(Number(said.id), Object.values(said.payload.data)[0].position);
        if (this.positions.every((position) => position >= 0)) resolve();
      });
      this.socket = socket;
    });
    return opened;
  }

  take(at, position) {
    this.positions[at] = position;
    this.catchUp();
  }

  catchUp() {
    const known = Math.min(...this.positions);
    const now = performance.now();
    while (this.shown < sent.length && sent[this.shown].position !== null && sent[this.shown].position <= known) {
      lateness.push(now - sent[this.shown].at);
      this.shown += 1;
    }
  }
}

async function scan(number) {
  const one = { at: performance.now(), position: null };
  sent.push(one);
  const answer = await fetch(`${base}/api/v1/scans`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      community, actor: 'gate-1',
      scans: [{ command_id: randomUUID(), kind: 'arrive', code: `SF${number}`, carrier: 'sf', door: { building: '1', unit: '1', room: '301' } }],
    }),
  });
  const [told] = (await answer.json()).answers ?? [{}];
  if (told.status !== 'accepted') fail(`a scan was not taken: ${JSON.stringify(told)}`);
  one.position = told.position;
  one.answered = performance.now();
  // A frame may have come before the answer did.
  for (const board of all) board.catchUp();
}

const all = Array.from({ length: BOARDS }, () => new Board());
const began = performance.now();
setTimeout(() => fail('the boards did not open in time'), OPEN_MAX_MS).unref();
for (let at = 0; at < BOARDS; at += OPENED_AT_ONCE) {
  await Promise.all(all.slice(at, at + OPENED_AT_ONCE).map((board) => board.open()));
}
const openedIn = performance.now() - began;
frames = bytes = 0;

let number = 2_000_000_000_000 + (Date.now() % 1_000_000_000);
const scans = [];
const start = performance.now();
for (let n = 0; n < RATE * SECONDS; n += 1) {
  const due = start + (n * 1000) / RATE;
  await new Promise((resume) => setTimeout(resume, Math.max(0, due - performance.now())));
  scans.push(scan(number++));
}
await Promise.all(scans);
const waited = performance.now();
while (all.some((board) => board.shown < sent.length)) {
  if (performance.now() - waited > LAST_MAX_MS) {
    fail(`${all.filter((board) => board.shown < sent.length).length} boards did not come to the last scan`);
  }
  await new Promise((resume) => setTimeout(resume, 20));
}
const took = performance.now() - start;
for (const board of all) {
  board.done = true;
  board.socket.close();
}

lateness.sort((a, b) => a - b);
const at = (share) => Math.round(lateness[Math.min(lateness.length - 1, Math.floor(lateness.length * share))]);
const answers = sent.map((one) => one.answered - one.at).sort((a, b) => a - b);
console.log(JSON.stringify({
  boards: BOARDS, opened_in_ms: Math.round(openedIn), scans: sent.length, scans_a_second: RATE, seconds: Math.round(took / 1000),
  frames, frames_a_second: Math.round((frames * 1000) / took), megabytes: Math.round(bytes / 1e6), shown: lateness.length,
  late_ms: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
  scan_answer_ms: { p50: Math.round(answers[answers.length >> 1]), max: Math.round(answers.at(-1)) },
}));
if (at(0.99) > LATE_MAX_MS) fail(`one in a hundred was later than ${LATE_MAX_MS} ms`);
process.exit(0);
