import { errorCode, ZoologError } from "@zoolog/base";
import type { Client, NewTopic, TopicDescription } from "@zoolog/client";
import type { CommandContext } from "../context.ts";
import { humanBytes, humanCount, plural } from "../output/quantity.ts";
import { type Column, listLines, tableLines } from "../output/table.ts";
import { aboutTopic } from "../topic-meant.ts";
import { usageError } from "../usage-error.ts";

export type CreateOptions = {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly string[];
  readonly ifNotExists: boolean;
  readonly validateOnly: boolean;
};

export async function createTopic(
  context: CommandContext,
  topic: string,
  options: CreateOptions,
): Promise<void> {
  const { partitions, replicationFactor, validateOnly } = options;
  const newTopic: NewTopic = {
    topic,
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(options.config === undefined ? {} : { configs: configsOf(options.config) }),
  };
  await context.withClient(async ({ admin }) => {
    try {
      const made = await admin.createTopic(newTopic, { ...context.limits, validateOnly });
      await context.output.forPrograms({ ...made, created: !validateOnly });
      context.terminal.talk(
        `topic ${topic} ${validateOnly ? "can be " : ""}created: ${size(made)}`,
      );
    } catch (error) {
      if (errorCode(error) !== "TOPIC_ALREADY_EXISTS" || !options.ifNotExists) throw error;
      const description = await admin.describeTopic(topic, context.limits);
      const { topicId } = description;
      const { partitions: count, replicationFactor: replicas } = topicRow(description);
      const there = { topic, topicId, partitions: count, replicationFactor: replicas };
      await context.output.forPrograms({ ...there, created: false });
      context.terminal.talk(`topic ${topic} exists already: ${size(there)}`);
      const { yellow } = context.colours;
      for (const difference of differences(options, description, there)) {
        context.terminal.talk(`${yellow("warning:")} ${difference}`);
      }
    }
  });
}

/** What was asked for and is otherwise in the topic that is there: it stays as it is. */
function differences(
  { config = [], partitions, replicationFactor }: CreateOptions,
  { configs }: TopicDescription,
  there: { readonly partitions: number; readonly replicationFactor: number },
): string[] {
  const asked: (readonly [string, string | number | undefined, string | number | undefined])[] = [
    ["partitions", partitions, there.partitions],
    ["replication factor", replicationFactor, there.replicationFactor],
    ...Object.entries(configsOf(config)).map(
      ([name, value]) => [name, value, configs[name]?.value] as const,
    ),
  ];
  return asked
    .filter(([, wanted, is]) => wanted !== undefined && String(wanted) !== String(is))
    .map(
      ([name, wanted, is]) => `it has ${name} ${is ?? "unset"}, not ${wanted}; nothing was changed`,
    );
}

function size(topic: { readonly partitions: number; readonly replicationFactor: number }): string {
  const { partitions, replicationFactor } = topic;
  return `${plural(partitions, "partition")}, ${plural(replicationFactor, "replica")} each`;
}

type TopicRow = {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly records: number | undefined;
  readonly sizeBytes: number | undefined;
};

const TOPIC_COLUMNS: readonly Column<TopicRow>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITIONS", value: ({ partitions }) => partitions, align: "right" },
  { title: "REPLICAS", value: (row) => row.replicationFactor, align: "right" },
  {
    title: "RECORDS",
    value: ({ records }) => (records === undefined ? undefined : humanCount(records)),
    align: "right",
  },
  {
    title: "SIZE",
    value: ({ sizeBytes }) => (sizeBytes === undefined ? undefined : humanBytes(sizeBytes)),
    align: "right",
  },
];

export async function listTopics(
  context: CommandContext,
  options: { readonly internal: boolean },
): Promise<void> {
  await context.withClient(async ({ admin }) => {
    const topics = await admin.listTopics(context.limits);
    const shown = topics.filter(({ isInternal }) => options.internal || !isInternal);
    await context.output.rows(shown.map(topicRow), TOPIC_COLUMNS);
    if (shown.length === 0)
      context.terminal.talk("no topics; `zoolog topic create NAME` makes one");
  });
}

export async function describeTopic(context: CommandContext, topic: string): Promise<void> {
  await context.withClient(async (client) => {
    const description = await describe(context, client, topic);
    await context.output.one(description, ({ bold }) => {
      const { partitions, records, replicationFactor, sizeBytes } = topicRow(description);
      const summary = listLines(
        [
          ["topic", description.topic],
          ["id", description.topicId],
          ["partitions", partitions],
          ["replicas", replicationFactor],
          ["health", healthOf(description.partitions)],
          ["records", records === undefined ? undefined : humanCount(records)],
          ["size", sizeBytes === undefined ? undefined : humanBytes(sizeBytes)],
        ],
        bold,
      );
      const configs = Object.entries(description.configs)
        .filter(([, { source }]) => source !== "default")
        .map(([name, { source, value }]) => [name, `${value} (${source})`] as const);
      return [
        ...summary,
        ...(configs.length === 0 ? [] : ["", ...listLines(configs, bold)]),
        "",
        ...tableLines(description.partitions, PARTITION_COLUMNS, bold),
        ...reasonLines(description.partitions),
      ];
    });
  });
}

function describe(
  context: CommandContext,
  client: Client,
  topic: string,
): Promise<TopicDescription> {
  const task = () => client.admin.describeTopic(topic, context.limits);
  return aboutTopic(context, client, topic, task);
}

type PartitionRow = TopicDescription["partitions"][number];

const PARTITION_COLUMNS: readonly Column<PartitionRow>[] = [
  { title: "PARTITION", value: ({ partition }) => partition, align: "right" },
  { title: "LEADER", value: ({ leader }) => leader ?? "none", align: "right" },
  { title: "EPOCH", value: ({ leaderEpoch }) => leaderEpoch, align: "right" },
  { title: "REPLICAS", value: ({ replicas }) => replicas.join(",") },
  { title: "ISR", value: ({ isr }) => isr.join(",") },
  { title: "OFFLINE", value: ({ offlineReplicas }) => offlineReplicas.join(",") },
  { title: "START", value: ({ logStartOffset }) => logStartOffset, align: "right" },
  { title: "END", value: ({ highWatermark }) => highWatermark, align: "right" },
  {
    title: "SIZE",
    value: ({ sizeBytes }) => (sizeBytes === undefined ? undefined : humanBytes(sizeBytes)),
    align: "right",
  },
];

function healthOf(partitions: readonly PartitionRow[]): string {
  const offline = partitions.filter(({ leader }) => leader === undefined).length;
  const behind = partitions.filter(
    ({ leader, isr, replicas }) => leader !== undefined && isr.length < replicas.length,
  ).length;
  const faults = [
    ...(offline === 0 ? [] : [`${plural(offline, "partition")} OFFLINE`]),
    ...(behind === 0 ? [] : [`${plural(behind, "partition")} under-replicated`]),
  ];
  return faults.length === 0 ? "all partitions in sync" : faults.join(", ");
}

/** Why partitions are offline, or replicas of them. */
function reasonLines(partitions: readonly PartitionRow[]): string[] {
  const lines = partitions.flatMap(({ partition, offlineReason }) =>
    offlineReason === undefined ? [] : [`partition ${partition}: ${offlineReason}`],
  );
  return lines.length === 0 ? [] : ["", ...lines];
}

export async function deleteTopics(
  context: CommandContext,
  topics: readonly string[],
  options: { readonly yes: boolean },
): Promise<void> {
  await context.withClient(async (client) => {
    const found = [];
    for (const topic of topics) found.push(await describe(context, client, topic));
    if (!options.yes) await requireConsent(context, found);
    const deleted: { topic: string; topicId: string }[] = [];
    for (const { topic, topicId } of found) {
      // With its id: a topic that was made anew in between is another one, and stays.
      await client.admin.deleteTopic(topic, { ...context.limits, topicId });
      deleted.push({ topic, topicId });
      context.terminal.talk(`topic ${topic} deleted`);
    }
    await context.output.forPrograms(deleted);
  });
}

async function requireConsent(
  context: CommandContext,
  topics: readonly TopicDescription[],
): Promise<void> {
  const names = topics.map(({ topic }) => topic).join(", ");
  if (!context.terminal.asksPeople) {
    throw usageError(
      `deleting ${names} loses its records for good and nobody can be asked here`,
      "Add --yes when that is what you want.",
    );
  }
  const { confirm } = await import("../input/confirm.ts");
  for (const description of topics) {
    const { records = 0, sizeBytes = 0 } = topicRow(description);
    context.terminal.talk(
      `${description.topic}: ${plural(records, "record")}, ${humanBytes(sizeBytes)}, gone for good`,
    );
  }
  if (!(await confirm(context.terminal, `Delete ${names}?`))) {
    throw new ZoologError({ code: "CANCELLED", message: "nothing was deleted" });
  }
}

function topicRow(description: TopicDescription): TopicRow {
  const { partitions, topic } = description;
  let records: number | undefined = 0;
  let sizeBytes: number | undefined = 0;
  for (const partition of partitions) {
    const { highWatermark, logStartOffset } = partition;
    const known = highWatermark !== undefined && logStartOffset !== undefined;
    // The answering broker knows this only of the replicas it has.
    records =
      records === undefined || !known ? undefined : records + highWatermark - logStartOffset;
    sizeBytes =
      sizeBytes === undefined || partition.sizeBytes === undefined
        ? undefined
        : sizeBytes + partition.sizeBytes;
  }
  const replicationFactor = Math.max(0, ...partitions.map(({ replicas }) => replicas.length));
  return { topic, partitions: partitions.length, replicationFactor, records, sizeBytes };
}

function configsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw usageError(
        `--config takes name=value, not "${text}"`,
        "For instance -c retention.ms=86400000.",
      );
    }),
  );
}
