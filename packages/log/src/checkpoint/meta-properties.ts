import {
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  brokerId,
  type FileSystem,
  writeFileAtomically,
} from "@zoolog/base";
import { corruptFile, inconsistentIdentity, isMissing } from "../errors.ts";
import { META_PROPERTIES } from "../volume/file-names.ts";

/** Whose data folder this is. Kafka's `meta.properties`, with lines of ours. */
export type MetaProperties = {
  readonly clusterId: string;
  readonly brokerId: BrokerId;
  /** UUID made with the folder: the same after a restart, new for a new folder. */
  readonly incarnationId: string;
  /**
   * `claims.version=1`: every log start checkpoint was raised before the segments below it went.
   * Without the line an older version may have written the folder, which did so up to 10 s later.
   */
  readonly areStartsClaimed: boolean;
  readonly losses: FolderLosses;
};

/** How records of earlier lives may have gone: the folder was made anew, the machine went down. */
export type LossKind = "newFolder" | "unclean";

/**
 * `loss.newFolder`, `loss.unclean`: the first broker epoch after that happened last; `"pending"` until
 * the broker was registered. A restart does not bring the records back, so it is written down.
 */
export type FolderLosses = Readonly<Partial<Record<LossKind, BrokerEpoch | "pending">>>;

const LOSS_KINDS: readonly LossKind[] = ["newFolder", "unclean"];

/**
 * @returns `undefined` for a folder that no broker has used yet.
 * @throws ZoologError CORRUPT_FILE
 */
export async function readMetaProperties(
  fileSystem: FileSystem,
  folder: string,
): Promise<MetaProperties | undefined> {
  const path = `${folder}/${META_PROPERTIES}`;
  const text = await fileSystem.readFile(path).then(
    (bytes) => Buffer.from(bytes).toString("utf8"),
    (error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    },
  );
  if (text === undefined) return undefined;
  const properties = parseProperties(text);
  const clusterId = properties.get("cluster.id");
  const id = properties.get("broker.id");
  const incarnationId = properties.get("incarnation.id");
  if (properties.get("version") !== "0") throw corruptFile(path, "the version is not 0");
  if (!clusterId || !incarnationId || id === undefined || !/^\d{1,10}$/.test(id)) {
    throw corruptFile(path, "cluster.id, broker.id or incarnation.id is missing");
  }
  const areStartsClaimed = properties.has("claims.version");
  const losses: Partial<Record<LossKind, BrokerEpoch | "pending">> = {};
  for (const kind of LOSS_KINDS) {
    const value = properties.get(`loss.${kind}`);
    if (value === undefined) continue;
    if (!/^(pending|\d{1,15})$/.test(value)) throw corruptFile(path, `loss.${kind} is ${value}`);
    losses[kind] = value === "pending" ? value : brokerEpoch(Number(value));
  }
  return { clusterId, brokerId: brokerId(Number(id)), incarnationId, areStartsClaimed, losses };
}

export async function writeMetaProperties(
  fileSystem: FileSystem,
  folder: string,
  properties: MetaProperties,
): Promise<void> {
  const lines = [
    "version=0",
    `cluster.id=${properties.clusterId}`,
    `broker.id=${properties.brokerId}`,
    `incarnation.id=${properties.incarnationId}`,
    ...(properties.areStartsClaimed ? ["claims.version=1"] : []),
    ...LOSS_KINDS.flatMap((kind) => {
      const since = properties.losses[kind];
      return since === undefined ? [] : [`loss.${kind}=${since}`];
    }),
  ];
  const contents = Buffer.from(`${lines.join("\n")}\n`);
  await writeFileAtomically(fileSystem, folder, META_PROPERTIES, contents);
}

/** @throws ZoologError INCONSISTENT_CLUSTER_ID, INCONSISTENT_BROKER_ID */
export function assertSameOwner(
  folder: string,
  stored: MetaProperties,
  wanted: Pick<MetaProperties, "clusterId" | "brokerId">,
): void {
  if (stored.clusterId !== wanted.clusterId) {
    throw inconsistentIdentity({
      code: "INCONSISTENT_CLUSTER_ID",
      path: folder,
      stored: `cluster ${stored.clusterId}`,
      wanted: `cluster ${wanted.clusterId}`,
    });
  }
  if (stored.brokerId !== wanted.brokerId) {
    throw inconsistentIdentity({
      code: "INCONSISTENT_BROKER_ID",
      path: folder,
      stored: `broker ${stored.brokerId}`,
      wanted: `broker ${wanted.brokerId}`,
    });
  }
}

function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\s*([^#!=\s][^=\s]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] !== undefined) properties.set(match[1], match[2] ?? "");
  }
  return properties;
}
