/** Memory that an answer was read into is lent to others when the kernel has the answer, and not before. */
import { assert, deferred } from "@zoolog/base";
import { LargeBuffers } from "@zoolog/protocol";
import { framed, startedPlane, turn } from "./kafka-plane.fixture.ts";
import type { KafkaHandlers } from "./request-dispatch.ts";

/** Enough to be worth keeping. */
const RECORDS_BYTES = 200 * 1024;

/** A client that asks for records which are in memory of `buffers`, and has not read the answer. */
async function askedForRecords() {
  const buffers = new LargeBuffers();
  const read = buffers.take(RECORDS_BYTES);
  const found = deferred<void>();
  const handlers: KafkaHandlers = {
    Fetch: async (_request, context) => {
      const { lease } = context.answerMemory({ maxWaitMs: 0 });
      assert(lease !== undefined, "the plane sees its answers out");
      lease.hold(read, buffers);
      await found.promise;
      const partitions = [{ partitionIndex: 0, records: [read.subarray(0, RECORDS_BYTES)] }];
      return { responses: [{ topic: "t", partitions }] };
    },
  };
  const { network } = await startedPlane({ handlers });
  const connection = network.dial();
  connection.stopReading();
  const topics = [{ topic: "t", partitions: [{ partition: 0, fetchOffset: 0 }] }];
  connection.send(framed("Fetch", { version: 4 }, { maxWaitMs: 0, minBytes: 0, topics }));
  await turn();
  const isLentAgain = () => buffers.take(RECORDS_BYTES).buffer === read.buffer;
  return { connection, found, isLentAgain };
}

test("what a client has not read is not lent to another one", async () => {
  const { connection, found, isLentAgain } = await askedForRecords();
  found.resolve();
  await turn();

  const unread = [connection.pendingBytes > RECORDS_BYTES, isLentAgain()];
  connection.startReading();
  await turn();

  expect(unread).toEqual([true, false]);
  expect(isLentAgain()).toBe(true);
});

test("a client that goes with half an answer leaves its memory", async () => {
  const { connection, found, isLentAgain } = await askedForRecords();
  found.resolve();
  await turn();

  connection.hangUp();
  await turn();

  expect(isLentAgain()).toBe(true);
});

test("a client that goes while its records are read leaves their memory when they are", async () => {
  const { connection, found, isLentAgain } = await askedForRecords();

  connection.hangUp();
  await turn();
  const beingRead = isLentAgain();
  found.resolve();
  await turn();

  expect([beingRead, isLentAgain()]).toEqual([false, true]);
});
