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
  /**
   * `boot.id`: of the machine, when the folder was taken last. The same one: since then no power cut has
   * taken what was not synced. Written with what an earlier one means, so that neither is known alone.
   */
  readonly bootId: string | undefined;
  readonly losses: FolderLosses;
  readonly lives: FolderLives;
  /** `registered.epoch`: the broker epoch under which the broker was registered on it last. */
  readonly registeredEpoch: BrokerEpoch | undefined;
  readonly gaps: readonly FolderGap[];
};

/**
 * `life.id`, `life.former`: a UUID drawn at each start, before the broker registers, and the one
 * before it until it has. ZooKeeper remembers under which the broker ran last: a folder that does not
 * know it is not the one that the broker ran on, or an older state of it (decision 018).
 */
export type FolderLives = { readonly current: string; readonly former: string | undefined };

/**
 * `gaps=12-41,97-`: lives of the broker that the folder has not seen, as the broker ran on another one:
 * later than the epoch before the dash (all, without one), earlier than the one after it, which is
 * missing until the broker was registered.
 */
export type FolderGap = {
  readonly after: BrokerEpoch | undefined;
  readonly before: BrokerEpoch | undefined;
};

/** How records of earlier lives may have gone: the folder was made anew, the machine went down. */
export type LossKind = "newFolder" | "unclean";

/**
 * `loss.newFolder`, `loss.unclean`: the first broker epoch after that happened last; `"pending"` until
 * the broker was registered. A restart does not bring the records back, so it is written down.
 */
export type FolderLosses = Readonly<Partial<Record<LossKind, BrokerEpoch | "pending">>>;

const LOSS_KINDS: readonly LossKind[] = ["newFolder", "unclean"];

/** The cluster that a data folder belongs to, for who has not taken the folder yet. */
export async function clusterOfFolder(
  folder: string,
  fileSystem: FileSystem,
): Promise<string | undefined> {
  return (await readMetaProperties(fileSystem, folder))?.clusterId;
}

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
  const owner = { clusterId, brokerId: brokerId(Number(id)), incarnationId };
  // All lives of a folder of a version that knew none go by the folder's name.
  const current = properties.get("life.id") || incarnationId;
  const lives = { current, former: properties.get("life.former") };
  const epochOf = (text: string | undefined): BrokerEpoch | undefined => {
    if (text !== undefined && !/^\d{0,15}$/.test(text)) throw corruptFile(path, `epoch ${text}`);
    return text ? brokerEpoch(Number(text)) : undefined;
  };
  const registeredEpoch = epochOf(properties.get("registered.epoch"));
  const gaps = (properties.get("gaps")?.split(",") ?? []).map((gap): FolderGap => {
    const [after, before, ...rest] = gap.split("-");
    if (before === undefined || rest.length > 0) throw corruptFile(path, `gaps has ${gap}`);
    return { after: epochOf(after), before: epochOf(before) };
  });
  const bootId = properties.get("boot.id") || undefined;
  return { ...owner, areStartsClaimed, bootId, losses, lives, registeredEpoch, gaps };
}

export async function writeMetaProperties(
  fileSystem: FileSystem,
  folder: string,
  properties: MetaProperties,
): Promise<void> {
  const { lives, registeredEpoch, gaps } = properties;
  const lines = [
    "version=0",
    `cluster.id=${properties.clusterId}`,
    `broker.id=${properties.brokerId}`,
    `incarnation.id=${properties.incarnationId}`,
    ...(properties.areStartsClaimed ? ["claims.version=1"] : []),
    ...(properties.bootId === undefined ? [] : [`boot.id=${properties.bootId}`]),
    ...LOSS_KINDS.flatMap((kind) => {
      const since = properties.losses[kind];
      return since === undefined ? [] : [`loss.${kind}=${since}`];
    }),
    `life.id=${lives.current}`,
    ...(lives.former === undefined ? [] : [`life.former=${lives.former}`]),
    ...(registeredEpoch === undefined ? [] : [`registered.epoch=${registeredEpoch}`]),
    ...(gaps.length === 0 ? [] : [`gaps=${gaps.map(gapText).join(",")}`]),
  ];
  const contents = Buffer.from(`${lines.join("\n")}\n`);
  await writeFileAtomically(fileSystem, folder, META_PROPERTIES, contents);
}

function gapText({ after, before }: FolderGap): string {
  return `${after ?? ""}-${before ?? ""}`;
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
