import { assert, unreachable } from "@zoolog/base";
import type {
  Conflict,
  ControllerRecord,
  DurableRecord,
  PartitionStateChanged,
  SlotChanged,
} from "@zoolog/controller";
import type { ControllerWriter, PartitionStateWrite } from "@zoolog/coordination";

/** What became of a decision's records in the store. */
export type Persisted = {
  /** To be applied, in the order of the decision: observed ones and those that were written. */
  readonly records: readonly ControllerRecord[];
  /** What was not written because something else stands there. */
  readonly conflicts: readonly Conflict[];
};

/**
 * Writes the durable records of a decision through the fenced writer, in their order. Partition
 * states, of which a failing broker changes thousands at once, go in one pipelined call, and so do
 * coordinator slots.
 *
 * @throws ZoologError `CONTROLLER_FENCED`: somebody else is the controller, stop.
 */
export async function persist(
  records: readonly ControllerRecord[],
  writer: ControllerWriter,
): Promise<Persisted> {
  const kept: ControllerRecord[] = [];
  const conflicts: Conflict[] = [];
  for (let at = 0; at < records.length; ) {
    const states = partitionStatesFrom(records, at);
    if (states.length > 0) {
      await writeStates(states, writer, { kept, conflicts });
      at += states.length;
      continue;
    }
    const slots = slotsFrom(records, at);
    if (slots.length > 0) {
      await writeSlots(slots, writer, { kept, conflicts });
      at += slots.length;
      continue;
    }
    const record = records[at];
    assert(record !== undefined, "the list has no holes");
    const conflict = await write(record, writer);
    if (conflict === undefined) kept.push(record);
    else conflicts.push(conflict);
    at += 1;
  }
  return { records: kept, conflicts };
}

function partitionStatesFrom(
  records: readonly ControllerRecord[],
  from: number,
): PartitionStateChanged[] {
  const states: PartitionStateChanged[] = [];
  for (const record of records.slice(from)) {
    if (record.type !== "partitionStateChanged") break;
    states.push(record);
  }
  return states;
}

function slotsFrom(records: readonly ControllerRecord[], from: number): SlotChanged[] {
  const slots: SlotChanged[] = [];
  for (const record of records.slice(from)) {
    if (record.type !== "slotChanged") break;
    slots.push(record);
  }
  return slots;
}

async function writeSlots(
  slots: readonly SlotChanged[],
  writer: ControllerWriter,
  into: { readonly kept: ControllerRecord[]; readonly conflicts: Conflict[] },
): Promise<void> {
  const results = await writer.writeSlots(slots);
  for (const [index, record] of slots.entries()) {
    const result = results[index];
    assert(result !== undefined, "every write has a result");
    if (result.outcome === "written") into.kept.push(record);
    else into.conflicts.push({ kind: "slot", slot: record.slot });
  }
}

async function writeStates(
  states: readonly PartitionStateChanged[],
  writer: ControllerWriter,
  into: { readonly kept: ControllerRecord[]; readonly conflicts: Conflict[] },
): Promise<void> {
  const writes = states.map(
    ({ topic, partition, expectedPartitionEpoch, state }): PartitionStateWrite => ({
      topic,
      partition,
      expectedPartitionEpoch,
      state,
    }),
  );
  const results = await writer.writePartitionStates(writes);
  for (const [index, record] of states.entries()) {
    const result = results[index];
    assert(result !== undefined, "every write has a result");
    if (result.outcome === "conflict") {
      const { topic, topicId, partition } = record;
      into.conflicts.push({ kind: "partition", topic, topicId, partition });
      continue;
    }
    assert(
      result.partitionEpoch === record.partitionEpoch,
      "a compare and set gives the epoch that was decided",
    );
    into.kept.push(record);
  }
}

/** Anything but a partition state. Observed records are true already. */
async function write(
  record: Exclude<ControllerRecord, PartitionStateChanged> | DurableRecord,
  writer: ControllerWriter,
): Promise<Conflict | undefined> {
  switch (record.type) {
    case "topicCreated": {
      const outcome = await writer.createTopic(record);
      return outcome === "exists" ? { kind: "topic", topic: record.name } : undefined;
    }
    case "partitionsCreated": {
      const outcome = await writer.addPartitions(record);
      if (outcome === "added") return undefined;
      return { kind: "assignment", topic: record.topic, isReadable: outcome === "changed" };
    }
    case "topicDeleted":
      await writer.deleteTopic(record);
      return undefined;
    case "unreadableTopicDeleted":
      await writer.deleteUnreadableTopic(record);
      return undefined;
    case "replicasDeleted": {
      const { topicId, topic: name, pending } = record;
      await writer.writeDeletedTopic({ topicId, name, pending });
      return undefined;
    }
    case "deleteRequestDiscarded":
      await writer.discardDeleteRequest(record.topic);
      return undefined;
    case "configChanged":
      await writer.writeConfig({ kind: record.kind, name: record.name }, record.overrides);
      return undefined;
    case "partitionStateChanged":
    case "slotChanged":
    case "slotObserved":
    case "brokerRegistered":
    case "brokerRemoved":
    case "brokerUnreachable":
    case "brokerReachable":
    case "replicaOffline":
    case "replicaRecovered":
    case "partitionObserved":
    case "partitionUnreadable":
    case "configObserved":
    case "offlineReasonChanged":
      return undefined;
    default:
      return unreachable(record);
  }
}
