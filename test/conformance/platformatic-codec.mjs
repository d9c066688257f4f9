/**
 * Reads and writes record batches with @platformatic/kafka, for `record-batch-oracles.test.ts`:
 * tasks as JSON on standard input, their answers on standard output.
 */
import { createRecordsBatch, Reader, readRecordsBatch } from "@platformatic/kafka";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { tasks, producer } = JSON.parse(input);
const bytes = (text) => (text === null ? null : Buffer.from(text, "base64"));
const text = (data) => (data === null ? null : data.toString("base64"));
function write(records, codec) {
  const messages = records.map(({ timestamp, key, value, headers }) => ({
    topic: "t",
    partition: 0,
    timestamp: BigInt(timestamp),
    key: bytes(key),
    value: bytes(value),
    headers: new Map(headers.map(([name, data]) => [Buffer.from(name), bytes(data)])),
  }));
  const writer = createRecordsBatch(messages, {
    compression: codec,
    producerId: BigInt(producer.producerId),
    producerEpoch: producer.producerEpoch,
    sequences: { getWithDefault: () => producer.baseSequence },
  });
  return writer.buffer.toString("base64");
}
function read(batch) {
  const { records, firstTimestamp } = readRecordsBatch(Reader.from(bytes(batch)));
  return records.map(({ timestampDelta, key, value, headers }) => ({
    timestamp: Number(firstTimestamp + timestampDelta),
    key: text(key),
    value: text(value),
    headers: headers.map(([name, data]) => [name.toString(), text(data)]),
  }));
}
const answers = tasks.map((task) => (task.write ? write(task.write, task.codec) : read(task.read)));
process.stdout.write(JSON.stringify(answers));
