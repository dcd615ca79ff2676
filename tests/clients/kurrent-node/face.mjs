// The official Node client against the face: `node face.mjs kurrentdb://127.0.0.1:PORT?tls=false`.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  BACKWARDS, END, FORWARDS, KurrentDBClient, NO_STREAM, PARK, START, StreamDeletedError,
  StreamNotFoundError, WrongExpectedVersionError, binaryEvent, jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults, streamNameFilter,
} from "@kurrent/kurrentdb-client";

const url = process.argv[2];
if (!url) throw new Error("give the URL of the face");
const client = KurrentDBClient.connectionString(url);
const run = randomUUID().slice(0, 8);
const event = (n) => jsonEvent({ type: "Happened", data: { n }, metadata: { by: "node" } });
const take = async (events, count) => {
  const taken = [];
  for await (const resolved of events) {
    taken.push(resolved);
    if (taken.length === count) break;
  }
  return taken;
};
const revisions = (events) => events.map(({ event }) => Number(event.revision));

const stream = `node${run}-1`;
const first = await client.appendToStream(stream, [0, 1, 2].map(event), { streamState: NO_STREAM });
assert.equal(first.nextExpectedRevision, 2n);
await client.appendToStream(stream, binaryEvent({ type: "Raw", data: Buffer.from([1, 2]) }), {
  streamState: 2n,
});
await assert.rejects(
  client.appendToStream(stream, event(9), { streamState: 0n }),
  (error) => error instanceof WrongExpectedVersionError && error.actualState === 3n,
);
console.log("append, conflict");

const forwards = await take(client.readStream(stream, { direction: FORWARDS, fromRevision: START }), 9);
assert.deepEqual(revisions(forwards), [0, 1, 2, 3]);
assert.deepEqual(forwards[1].event.data, { n: 1 });
assert.deepEqual(forwards[1].event.metadata, { by: "node" });
assert.ok(Math.abs(forwards[1].event.created - Date.now()) < 60_000);
const back = await take(client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 2 }), 9);
assert.deepEqual(revisions(back), [3, 2]);
await assert.rejects(take(client.readStream(`none${run}`), 1), StreamNotFoundError);
const all = await take(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 2 }), 9);
assert.deepEqual(all.map(({ event }) => event.type), ["Raw", "Happened"]);
console.log("read forwards, backwards, $all");

const filter = streamNameFilter({ prefixes: [`node${run}`], maxSearchWindow: 1, checkpointInterval: 1 });
let checkpoints = 0;
const checkpointReached = async () => { checkpoints += 1; };
const follow = (fromPosition) =>
  client.subscribeToAll({ fromPosition, filter: { ...filter, checkpointReached } });
let subscription = follow(START);
const seen = await take(subscription, 2);
await subscription.unsubscribe();
subscription = follow(seen[1].event.position);
assert.deepEqual(revisions(await take(subscription, 2)), [2, 3]);
await subscription.unsubscribe();
assert.ok(checkpoints > 0, "no checkpoint");
console.log(`filtered subscription with ${checkpoints} checkpoints, resumed`);

await client.setStreamMetadata(stream, { maxCount: 2 });
assert.equal((await client.getStreamMetadata(stream)).metadata.maxCount, 2);
assert.deepEqual(revisions(await take(client.readStream(stream), 9)), [2, 3]);
await client.deleteStream(stream);
await assert.rejects(take(client.readStream(stream), 1), StreamNotFoundError);
const again = await client.appendToStream(stream, event(4), { streamState: NO_STREAM });
assert.equal(again.nextExpectedRevision, 4n);
await client.tombstoneStream(stream);
await assert.rejects(client.appendToStream(stream, event(5)), StreamDeletedError);
console.log("metadata, delete, begin anew, tombstone");

const source = `work${run}-1`;
await client.createPersistentSubscriptionToStream(
  source, "group", persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
);
await client.appendToStream(source, [0, 1].map(event));
const group = client.subscribeToPersistentSubscriptionToStream(source, "group");
const judged = [];
for await (const resolved of group) {
  judged.push(Number(resolved.event.revision));
  if (judged.length === 1) await group.nack(PARK, "because", resolved);
  else await group.ack(resolved);
  if (judged.length === 2) {
    for (;;) {
      const info = await client.getPersistentSubscriptionToStreamInfo(source, "group");
      if (info.stats.parkedMessageCount === 1n || Number(info.stats.parkedMessageCount) === 1) break;
    }
    await client.replayParkedMessagesToStream(source, "group");
  }
  if (judged.length === 3) break;
}
assert.deepEqual(judged, [0, 1, 0]);
console.log("persistent subscription, park, replay");

await assert.rejects(client.createProjection("p", "fromAll()"), /no projections: .*catch-up subscription/);
console.log("what is not supported says what to do instead");
await client.dispose();
console.log("ok");
