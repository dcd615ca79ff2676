// Follows a served engine as a dashboard does, with the clients that dashboards use: graphql-ws
// over a WebSocket, graphql-sse over server-sent events. It scans over REST, must receive what it
// scanned, drops the connection, goes on from the last position, and must have missed nothing.
//
//   node follow.mjs http://127.0.0.1:8080 community
//
// Prints one line of JSON; ends with 1 and a reason when something is not as it must be.

import { randomUUID } from 'node:crypto';
import { createClient as socketClient } from 'graphql-ws';
import { createClient as streamClient } from 'graphql-sse';
import WebSocket from 'ws';

const [base, community] = process.argv.slice(2);
const WAIT_MAX_MS = 20_000;
const PIECES = 20;

const EVENTS = `subscription ($community: ID!, $after: Long) {
  events(community: $community, after: $after, types: ["ParcelArrived"]) { position key data }
}`;
const BOARD = `subscription ($community: ID!) {
  nowBoard(community: $community) { position resync view { total { pieces { atGate } } } }
}`;

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

setTimeout(() => fail('nothing came in time'), 3 * WAIT_MAX_MS).unref();

async function scan(numbers) {
  const scans = numbers.map((code) => ({
    command_id: randomUUID(), kind: 'arrive', code, carrier: 'sf', address: '1号楼1单元301',
  }));
  const answer = await fetch(`${base}/api/v1/scans`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ community, actor: 'gate-1', scans }),
  });
  const { answers } = await answer.json();
  const refused = answers.find((one) => one.status !== 'accepted');
  if (refused) fail(`a scan was not taken: ${JSON.stringify(refused)}`);
  return answers;
}

function codes(prefix, from, count) {
  return Array.from({ length: count }, (_, at) => `${prefix}${String(from + at).padStart(6, '0')}`);
}

// Takes events until there are enough, then lets go; returns them.
async function take(iterator, count) {
  const events = [];
  for await (const { data, errors } of iterator) {
    if (errors) fail(`an event could not be told: ${JSON.stringify(errors)}`);
    events.push(data.events);
    if (events.length >= count) break;
  }
  if (events.length < count) fail(`the stream ended after ${events.length} of ${count}`);
  return events;
}

function check(name, events, answers) {
  const told = events.map((event) => event.key);
  const scanned = answers.map((answer) => answer.parcel);
  if (JSON.stringify(told) !== JSON.stringify(scanned)) {
    fail(`${name} was told ${told.length} and not what was scanned: ${told} / ${scanned}`);
  }
  const positions = events.map((event) => event.position);
  if (positions.some((position, at) => at > 0 && position <= positions[at - 1])) {
    fail(`${name} was told positions out of order: ${positions}`);
  }
  if (events.some((event) => 'sender' in event.data || 'phone_tail' in event.data)) {
    fail(`${name} was told personal data`);
  }
}

async function position() {
  const answer = await fetch(`${base}/graphql?query=${encodeURIComponent('{engine{position}}')}`);
  return (await answer.json()).data.engine.position;
}

// One client: follow, scan, receive, drop, scan meanwhile, go on, receive the rest.
async function follow(name, prefix, connect) {
  const start = await position();
  const first = connect();
  const receiving = take(first.iterate({
    query: EVENTS, variables: { community, after: start },
  }), PIECES);
  const answers = await scan(codes(prefix, 0, PIECES));
  const events = await receiving;
  await first.dispose(); // the connection is gone

  answers.push(...await scan(codes(prefix, PIECES, PIECES)));
  const second = connect();
  const after = events.at(-1).position;
  events.push(...await take(second.iterate({
    query: EVENTS, variables: { community, after },
  }), PIECES));
  check(name, events, answers);
  await second.dispose();
  return events.length;
}

// A board is told whole at once, and again when a piece has come.
async function board(name, prefix, connect) {
  const client = connect();
  let before = null;
  for await (const { data, errors } of client.iterate({ query: BOARD, variables: { community } })) {
    if (errors) fail(`${name}: ${JSON.stringify(errors)}`);
    const { view, resync } = data.nowBoard;
    const { atGate } = view.total.pieces;
    if (resync) fail(`${name} was told to begin anew without a reason`);
    if (before === null) {
      before = atGate;
      await scan([`${prefix}000000`]);
    } else if (atGate === before + 1) {
      break;
    } else {
      fail(`${name} went from ${before} to ${atGate}`);
    }
  }
  await client.dispose();
}

const socket = () => socketClient({
  url: `${base.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0,
});
const stream = () => streamClient({ url: `${base}/graphql/stream`, retryAttempts: 0 });

const told = {
  socket: await follow('graphql-ws', 'SF17', socket),
  stream: await follow('graphql-sse', 'SF18', stream),
};
await board('graphql-ws', 'SF19', socket);
await board('graphql-sse', 'SF20', stream);
console.log(JSON.stringify(told));
process.exit(0);
