import { posix } from "node:path";
import { TOPIC_PARTITIONS_MAX, topicNameFault, topicPartitionKey } from "@zoolog/base";
import { groupIdFault } from "@zoolog/group-coordinator";
import { LOG_SUFFIX, segmentBaseOffset } from "@zoolog/log";
import {
  groupNameFault,
  idOfName,
  znodeName,
} from "../../../packages/coordination/src/groups/group-names.ts";
import {
  isPendingDeletion,
  isStray,
  partitionOfFolder,
  pendingDeletionName,
  segmentName,
  strayName,
} from "../../../packages/log/src/volume/file-names.ts";
import { parseConnectString } from "../../../packages/zookeeper/src/client/connect-string.ts";
import { znodePathFault } from "../../../packages/zookeeper/src/znode-path.ts";
import { type Door, type FuzzTarget, mustHold, type Outcome, refusal } from "../fuzz-target.ts";

const UUID = "12345678-1234-4123-8123-123456789abc";
const DATA_FOLDER = "/data";
const PARTITION_MAX = TOPIC_PARTITIONS_MAX - 1;

export const names: FuzzTarget = {
  name: "names",
  row: "F-07",
  about: "topics, groups, folders, segments, connect strings: no name leaves the data folder",
  inputBytesMax: 400,
  smokeExecutions: 6_000,
  allocationSlackBytes: 4_096,
  open(): Door {
    const words = WORDS.map((word) => Buffer.from(word));
    return { seeds: [...words, ...LONG.map((name) => Buffer.from(name))], words, execute };
  },
};

const WORDS = [
  ...[
    "orders",
    "a.b_c-d",
    ".",
    "..",
    "/",
    "\\",
    "../",
    "%2f",
    "%2e%2e",
    "%00",
    "\0",
    "~",
    "é",
    "ﬀ",
  ],
  ...["-0", "-00", "-4294967296", "-delete", "-stray", ".index", "CON", "Orders", "orders-0", "𝒳"],
  ...[
    "00000000000000000042.log",
    "99999999999999999999.log",
    `.${UUID.replaceAll("-", "")}-delete`,
  ],
  ...["zk1:2181,zk2:2181/chroot", "[::1]:2181", "host:", ":0", ",", "/a//b", "\u202e", "e\u0301"],
];

const LONG = ["x".repeat(249), "x".repeat(250), "é".repeat(124), "%".repeat(100)];

function execute(input: Buffer): Outcome {
  const name = input.toString("utf8");
  return [topicOutcome(name), groupOutcome(name), folderOutcome(name), znodeOutcome(name)].join(
    " ",
  );
}

function topicOutcome(topic: string): Outcome {
  if (topicNameFault(topic) !== undefined) return "-";
  const topicPartition = { topic, partition: PARTITION_MAX };
  const key = topicPartitionKey(topicPartition);
  const [pending, stray] = [
    pendingDeletionName(topicPartition, UUID),
    strayName(topicPartition, UUID),
  ];
  for (const folder of [key, pending, stray]) {
    const path = posix.resolve(DATA_FOLDER, folder);
    mustHold(path === `${DATA_FOLDER}/${folder}`, () => `${folder} leaves the data folder`);
    mustHold(Buffer.byteLength(folder) <= 255, () => `${folder} is too long for a file`);
  }
  mustHold(isPendingDeletion(pending) && !isPendingDeletion(key), "it is told what is to go");
  mustHold(isStray(stray) && !isStray(key), "it is told what was put aside");
  const found = partitionOfFolder(key);
  mustHold(
    found?.topic === topic && found.partition === PARTITION_MAX,
    "a folder names its partition",
  );
  mustHold(partitionOfFolder(pending) === undefined, "what is to go is no partition");
  mustHold(partitionOfFolder(stray) === undefined, "what was put aside is no partition");
  return `topic${Math.min(3, topic.length >> 6)}`;
}

function groupOutcome(group: string): Outcome {
  if (groupIdFault(group) !== undefined || groupNameFault(group) !== undefined) return "-";
  const znode = znodeName(group);
  const fault = znodePathFault(`/groups/${znode}`);
  mustHold(fault === undefined && !znode.includes("/"), () => `${znode} is no znode: ${fault}`);
  mustHold(idOfName(znode) === group, "a group is found by its znode");
  return `group${Math.min(3, group.length >> 6)}`;
}

function folderOutcome(name: string): Outcome {
  const base = segmentBaseOffset(name, LOG_SUFFIX);
  mustHold(
    base === undefined || `${segmentName(base)}${LOG_SUFFIX}` === name,
    "one segment has one name",
  );
  const found = partitionOfFolder(name);
  mustHold(
    found === undefined || topicPartitionKey(found) === name,
    "one partition has one folder",
  );
  return `${base === undefined ? "-" : "segment"} ${found === undefined ? "-" : "folder"}`;
}

function znodeOutcome(text: string): Outcome {
  try {
    const { servers, chroot } = parseConnectString(text);
    for (const { port, host } of servers) {
      mustHold(host.length > 0 && port > 0 && port < 65_536, "servers have addresses");
    }
    mustHold(chroot === undefined || znodePathFault(chroot) === undefined, "the chroot is a path");
    return `servers ${Math.min(3, servers.length)}`;
  } catch (error) {
    return refusal(error).split(" ", 1)[0] ?? "";
  }
}
