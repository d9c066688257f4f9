import { inParallel, type TopicPartition, timestamp, topicPartitionKey } from "@zoolog/base";
import type { Znode } from "@zoolog/zookeeper";
import { isMalformed, malformed } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { READS_IN_FLIGHT_MAX } from "../limits.ts";
import {
  CONSUMERS_PATH,
  groupPath,
  memberPath,
  membersPath,
  offsetPath,
  offsetsPath,
  topicOffsetsPath,
} from "../paths.ts";
import type { Read, ZnodeFault } from "../port/cluster-snapshot.ts";
import type {
  CommittedOffset,
  GroupZnode,
  StoredGroup,
  StoredOffset,
} from "../port/group-state.ts";
import type { CoordinationSession } from "../session.ts";
import { decodeGroup } from "../znodes/group-znode.ts";
import { decodeMember } from "../znodes/member-znode.ts";
import { decodeOffset } from "../znodes/offset-znode.ts";
import { isIncomplete } from "./commit-round.ts";
import { idOfName, znodeName } from "./group-names.ts";

const AT_ONCE = { atOnceMax: READS_IN_FLIGHT_MAX };

type Session = Pick<CoordinationSession, "read">;

/** Reads are pipelined: one round of them for the groups, one for all their members. */
export async function readGroups(
  session: Session,
  which: ((groupId: string) => boolean) | readonly string[],
): Promise<Read<readonly StoredGroup[]>> {
  const faults: ZnodeFault[] = [];
  const wanted =
    typeof which === "function"
      ? await listedGroups(session, which, faults)
      : which.map((groupId) => ({ name: znodeName(groupId), groupId }));
  const found = await inParallel(wanted, AT_ONCE, (each) => readGroup(session, each, faults));
  const groups = found.filter((group) => group !== undefined);
  const members = groups.flatMap((group) => group.members);
  await inParallel(members, AT_ONCE, (member) => readMember(session, member));
  for (const { groupId, members } of groups) {
    for (const { fault } of members)
      if (fault !== undefined) faults.push({ ...fault, name: groupId });
  }
  return { value: groups.map(storedGroup), faults };
}

type NamedGroup = { readonly name: string; readonly groupId: string };

async function listedGroups(
  session: Session,
  isWanted: (groupId: string) => boolean,
  faults: ZnodeFault[],
): Promise<readonly NamedGroup[]> {
  const names = await childrenOf(session, CONSUMERS_PATH);
  return names.flatMap((name) => {
    const groupId = idOfName(name);
    if (groupId !== undefined) return isWanted(groupId) ? [{ name, groupId }] : [];
    faults.push(faultOf(name, undefined, unknownName(`${CONSUMERS_PATH}/${name}`)));
    return [];
  });
}

type FoundGroup = {
  readonly groupId: string;
  readonly group: GroupZnode;
  readonly isWhole: boolean;
  readonly members: FoundMember[];
};

type FoundMember = {
  readonly path: string;
  readonly type: GroupZnode["type"];
  readonly memberId: string | undefined;
  member?: StoredGroup["members"][number];
  fault?: ZnodeFault;
};

async function readGroup(
  session: Session,
  { name, groupId }: NamedGroup,
  faults: ZnodeFault[],
): Promise<FoundGroup | undefined> {
  const [znode, mark, names] = await Promise.all([
    dataOf(session, groupPath(name)),
    dataOf(session, membersPath(name)),
    childrenOf(session, membersPath(name)),
  ]);
  if (znode === undefined) return undefined;
  try {
    const group = decodeGroup(groupPath(name), znode.data);
    const members = names.map((member) => ({
      path: memberPath(name, member),
      type: group.type,
      memberId: idOfName(member),
    }));
    return { groupId, group, isWhole: mark === undefined || !isIncomplete(mark.data), members };
  } catch (error) {
    faults.push(faultOf(groupId, znode, error));
    return undefined;
  }
}

async function readMember(session: Session, found: FoundMember): Promise<void> {
  const { path, type, memberId } = found;
  const znode = await dataOf(session, path);
  if (znode === undefined) return;
  try {
    if (memberId === undefined) throw unknownName(path);
    found.member = { memberId, member: decodeMember(path, znode.data, type) };
  } catch (error) {
    found.fault = faultOf(path, znode, error);
  }
}

function storedGroup({ groupId, group, isWhole, members }: FoundGroup): StoredGroup {
  return {
    groupId,
    group,
    members: members.flatMap(({ member }) => (member === undefined ? [] : [member])),
    incomplete: !isWhole || members.some(({ fault }) => fault !== undefined),
  };
}

/** The offsets of one group. */
export async function readOffsets(
  session: Session,
  groupId: string,
  of: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | "all",
): Promise<Read<readonly StoredOffset[]>> {
  const name = znodeName(groupId);
  const faults: ZnodeFault[] = [];
  const asked = of === "all" ? await allPartitions(session, name, faults) : partitionsOf(of);
  const found = await inParallel(asked, AT_ONCE, async ({ topic, partition }) => {
    const path = offsetPath(name, znodeName(topic), partition);
    const znode = await dataOf(session, path);
    if (znode === undefined) return undefined;
    try {
      return { topic, partition, committed: committedOffset(path, znode) };
    } catch (error) {
      faults.push(faultOf(topicPartitionKey({ topic, partition }), znode, error));
      return undefined;
    }
  });
  return { value: found.filter((offset) => offset !== undefined), faults };
}

function committedOffset(path: string, { data, stat }: Znode): CommittedOffset {
  return decodeOffset(path, data, timestamp(stat.mtime));
}

function partitionsOf(
  of: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartition[] {
  return of.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

/** What stands under a name that is no topic or partition is nobody's offset. */
async function allPartitions(
  session: Session,
  group: string,
  faults: ZnodeFault[],
): Promise<readonly TopicPartition[]> {
  const topics = await childrenOf(session, offsetsPath(group));
  const partitions = await inParallel(topics, AT_ONCE, async (name) => {
    const path = topicOffsetsPath(group, name);
    const topic = idOfName(name);
    const names = await childrenOf(session, path);
    const known = topic === undefined ? [] : names.filter((each) => PARTITION_NAME.test(each));
    if (known.length < names.length) faults.push(faultOf(name, undefined, unknownName(path)));
    return known.map((each) => ({ topic: topic ?? "", partition: Number(each) }));
  });
  return partitions.flat();
}

const PARTITION_NAME = /^(0|[1-9][0-9]{0,8})$/;

async function dataOf(session: Session, path: string): Promise<Znode | undefined> {
  return session.read((client) => ifThere(client.getData(path)));
}

async function childrenOf(session: Session, path: string): Promise<readonly string[]> {
  const children = await session.read((client) => ifThere(client.getChildren(path)));
  return children?.names ?? [];
}

function unknownName(path: string): Error {
  const problem = "it, or what stands below it, has a name that nobody writes here";
  return malformed(path, problem, `Remove it (zkCli: deleteall ${path}).`);
}

function faultOf(name: string, znode: Znode | undefined, error: unknown): ZnodeFault {
  if (!isMalformed(error)) throw error;
  return { name, czxid: znode?.stat.czxid, message: error.message, hint: error.hint };
}
