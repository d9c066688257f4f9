/**
 * The failures that the SDK itself finds. What a broker refuses arrives as a `ZoologError` too, with
 * Kafka's error name as its `code`. Switch on `code`, never on the message.
 */
import { errorMessage, type TopicPartition, topicPartitionKey, ZoologError } from "@zoolog/base";

/** No broker of the list answered. */
export function brokersUnreachable(brokers: readonly string[], cause: unknown): ZoologError {
  return new ZoologError({
    code: "BROKER_UNREACHABLE",
    message: `no broker answers at ${brokers.join(", ")}`,
    retriable: true,
    hint: "Start one with `zoolog dev`, or name one that runs.",
    cause,
  });
}

/** The whole call, with all its attempts, took too long. */
export function callTimedOut(call: string, timeoutMs: number, cause: unknown): ZoologError {
  const last = cause === undefined ? "" : `; the last attempt: ${errorMessage(cause)}`;
  return new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: `${inWords(call)} within ${timeoutMs} ms${last}`,
    retriable: true,
    hint: changes(call)
      ? "It may still go through: look at what there is before trying again, or give it more timeoutMs."
      : "Give it more time with timeoutMs, or look why the broker does not answer.",
    cause,
  });
}

/** People type commands: names of calls say nothing to them. */
function inWords(call: string): string {
  const words = call.replaceAll("-", " ");
  return /^(create|delete|alter|describe|elect|list|commit|leave|init)-/.test(call)
    ? `could not ${words}`
    : `${words} did not succeed`;
}

/** Calls that a broker goes on with when nobody waits any more. */
function changes(call: string): boolean {
  return /^(create|delete|alter|elect|commit|leave)-/.test(call);
}

/** Records were not acknowledged in time. They may or may not be in the log. */
export function deliveryTimedOut(
  where: string,
  deliveryTimeoutMs: number,
  cause: unknown,
): ZoologError {
  const last = cause === undefined ? "" : `; the last attempt: ${errorMessage(cause)}`;
  return new ZoologError({
    code: "DELIVERY_TIMED_OUT",
    message: `records for ${where} were not acknowledged within ${deliveryTimeoutMs} ms${last}`,
    retriable: true,
    hint: "They may have been written all the same; sending them again may write them twice.",
    cause,
  });
}

/** A request is given up, as other brokers lead all of its partitions now. Retried by the sender. */
export function leadsNoMore(endpoint: string): ZoologError {
  return new ZoologError({
    code: "NETWORK_EXCEPTION",
    message: `${endpoint} does not answer, and others lead now`,
    retriable: true,
    hint: "Look whether that broker still runs.",
  });
}

export function leaderUnknown(where: string): ZoologError {
  return new ZoologError({
    code: "LEADER_NOT_AVAILABLE",
    message: `${where}: the partition has no leader that is known here`,
    retriable: true,
    hint: "`zoolog topic describe` shows its replicas and why none of them leads.",
  });
}

/** A batch before them was given up, so their numbers lead nowhere; and they cannot get others. */
export function deliveryUnknown(where: string, cause: unknown): ZoologError {
  const last = cause === undefined ? "" : `; the last attempt: ${errorMessage(cause)}`;
  return new ZoologError({
    code: "OUT_OF_ORDER_SEQUENCE_NUMBER",
    message: `records for ${where} follow others that were given up${last}`,
    hint: "They may have been written all the same; sending them again may write them twice.",
    cause,
  });
}

export function brokerUnknown(brokerId: number, live: readonly number[]): ZoologError {
  return new ZoologError({
    code: "BROKER_NOT_AVAILABLE",
    message: `broker ${brokerId} is not there; live: ${live.join(", ") || "none"}`,
    hint: "`zoolog broker list` shows the brokers that are registered.",
  });
}

/** Records never left this process: no memory, or no metadata, in all that time. */
export function neverSent(topic: string, deliveryTimeoutMs: number): ZoologError {
  return new ZoologError({
    code: "DELIVERY_TIMED_OUT",
    message: `records for ${topic} found no room to wait in for ${deliveryTimeoutMs} ms`,
    retriable: true,
    hint: "They were not sent. Brokers are slower than the sender; raise maxInFlightBytes or wait.",
  });
}

/** Of several topics that were to be created, some were not. */
export function topicsNotCreated(failures: readonly ZoologError[], asked: number): ZoologError {
  const [first] = failures;
  const messages = failures.map(({ message }) => message).join("; ");
  const counts = `${failures.length} of ${asked} topics were not created`;
  return new ZoologError({
    code: first?.code ?? "UNKNOWN_SERVER_ERROR",
    message: `${counts}: ${messages}`,
    retriable: failures.every(({ retriable }) => retriable),
    ...(first?.hint === undefined ? {} : { hint: first.hint }),
    cause: new AggregateError(failures, counts),
  });
}

/** The end of a run of records whose fate is known one by one only by its counts. */
export function sendManyFailed(
  cause: ZoologError,
  { delivered, taken }: { readonly taken: number; readonly delivered: number },
): ZoologError {
  const counts = taken === 0 ? "" : ` (${delivered} of ${taken} records were acknowledged)`;
  return new ZoologError({
    code: cause.code,
    message: `${cause.message}${counts}`,
    retriable: cause.retriable,
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause,
  });
}

/** More sends wait for memory than `WAITING_SENDS_MAX`: the caller does not await them. */
export function tooManyWaitingSends(waiting: number): ZoologError {
  return new ZoologError({
    code: "BUFFER_EXHAUSTED",
    message: `${waiting} sends already wait for memory`,
    retriable: true,
    hint: "Await send(), or use sendMany(), which stops reading its source while memory is full.",
  });
}

/** One record that no batch may hold. */
export function recordTooLarge(topic: string, bytes: number, bytesMax: number): ZoologError {
  return new ZoologError({
    code: "MESSAGE_TOO_LARGE",
    message: `a record of ${bytes} bytes for ${topic} is larger than ${bytesMax} bytes`,
    hint: "Send smaller records, or raise recordBytesMax, and the topic's limit with `zoolog topic alter T -c max.message.bytes=…`.",
  });
}

export function unknownPartition(tp: TopicPartition, partitionCount: number): ZoologError {
  return new ZoologError({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    message: `topic ${tp.topic} has no partition ${tp.partition}, it has ${partitionCount}`,
    hint: `Choose a partition from 0 to ${partitionCount - 1}.`,
  });
}

export function serializationFailed(
  topic: string,
  part: "key" | "value",
  cause: unknown,
): ZoologError {
  return new ZoologError({
    code: "SERIALIZATION_FAILED",
    message: `a ${part} for ${topic} cannot be serialized: ${errorMessage(cause)}`,
    hint: `Does the ${part} fit the serde of the topic?`,
    cause,
  });
}

export function deserializationFailed(
  where: TopicPartition & { readonly offset: number; readonly part: "key" | "value" },
  cause: unknown,
): ZoologError {
  const record = `${topicPartitionKey(where)} at offset ${where.offset}`;
  return new ZoologError({
    code: "DESERIALIZATION_FAILED",
    message: `the ${where.part} of ${record} cannot be read: ${errorMessage(cause)}`,
    hint: "Read it with another serde (serde.bytes() reads anything), or seek past it.",
    cause,
  });
}

export function offsetOutOfRange(
  tp: TopicPartition,
  position: { readonly offset: number; readonly logStartOffset: number | undefined },
  group?: string,
): ZoologError {
  const { offset, logStartOffset } = position;
  const start = logStartOffset === undefined ? "" : `, its log starts at ${logStartOffset}`;
  return new ZoologError({
    code: "OFFSET_OUT_OF_RANGE",
    message: `${topicPartitionKey(tp)} has no offset ${offset}${start}`,
    hint:
      group === undefined
        ? "`zoolog topic describe` shows the offsets that exist; onOffsetOutOfRange chooses one."
        : `Stop the group, then \`zoolog group reset ${group} --to-start --execute\`, or \`--to-end\`; the option onOffsetOutOfRange chooses by itself.`,
  });
}

/** An unclean election has lost records that were read. Others may stand at their offsets. */
export function logTruncated(
  tp: TopicPartition,
  read: {
    readonly offset: number;
    readonly end: { readonly leaderEpoch: number; readonly endOffset: number };
  },
): ZoologError {
  const { endOffset, leaderEpoch } = read.end;
  const where = topicPartitionKey(tp);
  return new ZoologError({
    code: "LOG_TRUNCATED",
    message: `${where} was read up to offset ${read.offset}, but epoch ${leaderEpoch} of its log ends at ${endOffset}`,
    hint: `Records were lost to an unclean election. seek() to ${endOffset} reads what stands there now; onOffsetOutOfRange does so by itself.`,
  });
}

/** Deleted, and another one created under its name: what was read of it is of another log. */
export function topicRecreated(tp: TopicPartition, offset: number): ZoologError {
  const where = topicPartitionKey(tp);
  return new ZoologError({
    code: "TOPIC_RECREATED",
    message: `${where} was read up to offset ${offset}, and topic ${tp.topic} was made anew since`,
    hint: 'seek() to "start" reads what stands there now; onOffsetOutOfRange does so by itself.',
  });
}

/** Bytes that arrived are not those that were written. */
export function corruptBatch(tp: TopicPartition, offset: number, cause: unknown): ZoologError {
  return new ZoologError({
    code: "CORRUPT_MESSAGE",
    message: `${topicPartitionKey(tp)} is corrupt at offset ${offset}: ${errorMessage(cause)}`,
    hint: "Read another replica, or seek past the batch; `zoolog log dump` shows what is on disk.",
    cause,
  });
}

export function invalidOffsets(text: string, why: string): ZoologError {
  return new ZoologError({
    code: "INVALID_OFFSETS",
    message: `"${text}" does not say where to read: ${why}`,
    hint: "Write start, end, 42, +10, -10, 5:9, @2026-01-31, @1767225600000 or @-1h.",
  });
}

export function invalidOption(name: string, why: string, hint?: string): ZoologError {
  return new ZoologError({
    code: "INVALID_OPTION",
    message: `${name} ${why}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

export function invalidTopicName(name: string, fault: string): ZoologError {
  return new ZoologError({
    code: "INVALID_TOPIC_EXCEPTION",
    message: `"${name}" is no topic name: ${fault}`,
    hint: "Use letters, digits, '.', '_' and '-', at most 249 of them.",
  });
}

export function alreadyClosed(what: string): ZoologError {
  return new ZoologError({
    code: "CLOSED",
    message: `the ${what} is closed`,
    hint: `Make a new one with client.${what}().`,
  });
}

/** Closing ended the wait for acknowledgement. */
export function closedBeforeDelivery(where: string): ZoologError {
  return new ZoologError({
    code: "CLOSED",
    message: `the producer was closed before records for ${where} were acknowledged`,
    hint: "Call flush() or close() without an abort to wait for them.",
  });
}
