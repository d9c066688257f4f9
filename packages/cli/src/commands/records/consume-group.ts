import { errorCode, runInBackground, silentLogger, sleep, ZoologError } from "@zoolog/base";
import {
  type AssignorName,
  type Client,
  type Consumer,
  type ConsumerOptions,
  type OffsetPoint,
  type ReaderRecord,
  serde,
  topic as topicOf,
} from "@zoolog/client";
import { systemClock, systemScheduler } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { timestampOf } from "../../input/offset-point.ts";
import { ByteWriter } from "../../output/byte-writer.ts";
import { humanBytes, plural } from "../../output/quantity.ts";
import { recordForm } from "../../output/record-form.ts";
import { shellWord } from "../../output/shell-word.ts";
import { usageError } from "../../usage-error.ts";
import { GroupEnd } from "./group-end.ts";
import { KAFKAS_DEFAULT, wayIntoGroup } from "./group-protocol.ts";

export type ConsumeGroupOptions = {
  readonly group: string;
  /** Instead of topics: all whose whole name matches. */
  readonly pattern?: string;
  /** Where the group begins what it has never committed. */
  readonly from?: OffsetPoint;
  readonly instanceId?: string;
  readonly protocol?: "consumer" | "classic";
  /** By which partitions may be shared out; Kafka's default for classic members. */
  readonly assignors?: readonly string[];
  readonly count?: number;
  readonly exit: boolean;
  readonly format?: string;
  readonly rack?: string;
  readonly checkCrcs: boolean;
};

type BytesConsumer = Consumer<Uint8Array, Uint8Array>;
type BytesRecord = ReaderRecord<Uint8Array, Uint8Array>;

/** How often is looked whether there is nothing left to do, with --exit. */
const END_CHECK_MS = 250;
const WRITE_BYTES = 64 * 1024;

/**
 * `zoolog consume TOPIC… --group GROUP`: shares the partitions with the other members, and commits
 * what stdout has taken. Ends with Ctrl-C, a count, or with --exit as `GroupEnd` says.
 */
export async function consumeGroup(
  context: CommandContext,
  topics: readonly string[],
  options: ConsumeGroupOptions,
): Promise<void> {
  const run = new GroupRun(context, topics, options);
  await context.withClient(async (client) => {
    await client.admin.describeCluster(context.limits);
    await run.read(client);
  });
  await run.end();
}

class GroupRun {
  readonly #context: CommandContext;
  readonly #topics: readonly string[];
  readonly #options: ConsumeGroupOptions;
  readonly #form;
  readonly #out = new ByteWriter();
  readonly #startedAt = systemClock.monotonic();
  #records = 0;
  /** From then on it gives up everything: that is said by its end. */
  #isLeaving = false;
  #bytes = 0;

  constructor(context: CommandContext, topics: readonly string[], options: ConsumeGroupOptions) {
    this.#context = context;
    this.#topics = topics;
    this.#options = options;
    this.#form = recordForm(context.output.format, options.format);
  }

  async read(client: Client): Promise<void> {
    const { signal } = this.#context.terminal;
    const consumer = client.consumer(this.#consumerOptions());
    const leave = (): void => {
      this.#isLeaving = true;
      // Whoever iterates is told by CLOSED; what it has printed is committed before that.
      runInBackground("leave the group", silentLogger, () => consumer.close());
    };
    signal.addEventListener("abort", leave, { once: true });
    const ended = new AbortController();
    if (this.#options.exit) {
      const watch = () => this.#leaveAtEnd(client, consumer, ended.signal);
      runInBackground("wait for the end", silentLogger, watch);
    }
    try {
      if (signal.aborted) return;
      if (this.#options.count === undefined) await this.#printBatches(consumer);
      else await this.#printRecords(consumer, this.#options.count);
    } catch (error) {
      if (errorCode(error) !== "CLOSED") throw await this.#withWayOn(error, client);
    } finally {
      this.#isLeaving = true;
      ended.abort();
      signal.removeEventListener("abort", leave);
      await consumer.close();
    }
  }

  /** Where a group stands, and what its members speak, is a matter of the group. */
  async #withWayOn(error: unknown, client: Client): Promise<unknown> {
    const { group } = this.#options;
    if (!(error instanceof ZoologError)) return error;
    const { cause, code, message } = error;
    if (code === "OFFSET_OUT_OF_RANGE") {
      const reset = `zoolog group reset ${shellWord(group)}`;
      const hint = `\`${reset} --to-current --execute\` goes on with what is left; --to-start, --to-end and --topic T:P choose otherwise.`;
      return new ZoologError({ code, message, hint, cause });
    }
    if (code !== "INCONSISTENT_GROUP_PROTOCOL") return error;
    const { limits } = this.#context;
    const described = await client.admin.groups.describe(group, limits).catch(() => undefined);
    const hint = wayIntoGroup(described, this.#options.protocol ?? "consumer");
    return new ZoologError({ code, message, hint, cause });
  }

  async #leaveAtEnd(client: Client, consumer: BytesConsumer, signal: AbortSignal): Promise<void> {
    const { limits, terminal } = this.#context;
    const { group } = this.#options;
    const end = new GroupEnd(group, { client, consumer, limits });
    while (!signal.aborted) {
      // A coordinator that moves is asked again; whether it comes back is the consumer's business.
      const found = await end.look().catch(() => undefined);
      if (signal.aborted) return;
      if (found === "leftOut") {
        terminal.talk(`group ${group} has no partition for this member: others read them all`);
      }
      if (found === "nothingToRead") {
        terminal.talk(
          `group ${group} has nothing to read: there is no topic that its members name`,
        );
      }
      if (found !== undefined) {
        this.#isLeaving = true;
        return await consumer.close();
      }
      await sleep(systemScheduler, END_CHECK_MS, signal).catch(() => {});
    }
  }

  async end(): Promise<void> {
    const { terminal } = this.#context;
    this.#form.end(this.#out);
    await this.#flush();
    if (terminal.signal.aborted && !terminal.interrupted) return;
    const seconds = (systemClock.monotonic() - this.#startedAt) / 1_000;
    const { group, pattern } = this.#options;
    const what = pattern === undefined ? this.#topics.join(", ") : `topics like ${pattern}`;
    const rate = `${Math.round(this.#records / Math.max(seconds, 0.001))} records/s`;
    const counted = `${plural(this.#records, "record")}, ${humanBytes(this.#bytes)}`;
    terminal.talk(`${counted} from ${what}, ${rate}; committed for group ${group}`);
    if (!terminal.interrupted) return;
    const again =
      pattern === undefined ? this.#topics.join(" ") : `--pattern ${JSON.stringify(pattern)}`;
    terminal.talk(`go on with: zoolog consume ${again} --group ${shellWord(group)}`);
  }

  /** A batch is handled when stdout has it, also while its partition is being given up. */
  async #printBatches(consumer: BytesConsumer): Promise<void> {
    const { terminal } = this.#context;
    for await (const batch of consumer.batches()) {
      for (const record of batch) {
        this.#print(record);
        if (this.#out.length >= WRITE_BYTES) await this.#flush();
      }
      await this.#flush();
      // Nobody has read it: the batch in hand stays uncommitted.
      if (terminal.signal.aborted && !terminal.interrupted) return;
      batch.handled();
    }
  }

  async #printRecords(consumer: BytesConsumer, count: number): Promise<void> {
    const { terminal } = this.#context;
    for await (const record of consumer) {
      this.#print(record);
      await this.#flush();
      if (terminal.signal.aborted && !terminal.interrupted) return;
      if (this.#records < count) continue;
      await consumer.commit();
      return;
    }
  }

  #print(record: BytesRecord): void {
    this.#records += 1;
    const before = this.#out.length;
    this.#form.record(record, this.#out);
    this.#bytes += this.#out.length - before;
  }

  async #flush(): Promise<void> {
    if (this.#out.length > 0) await this.#context.terminal.write(this.#out.take());
  }

  #consumerOptions(): ConsumerOptions {
    const { colours, terminal } = this.#context;
    const { checkCrcs, from, group, instanceId, pattern, protocol, rack } = this.#options;
    const bytes = { key: serde.bytes(), value: serde.bytes() };
    return {
      group,
      topics:
        pattern === undefined
          ? this.#topics.map((name) => topicOf(name, bytes))
          : { pattern, ...bytes },
      checkCrcs,
      ...(from === undefined ? {} : { from: startOf(from) }),
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(protocol === undefined ? {} : { protocol }),
      ...assignorOf(this.#options),
      ...(rack === undefined ? {} : { rack }),
      onError: (error) => terminal.talk(`${colours.yellow("warning:")} ${error.message}`),
      onAssigned: (partitions) => {
        if (partitions.length > 0) terminal.talk(colours.dim(`reads ${namesOf(partitions)}`));
      },
      onRevoked: (partitions) => {
        if (partitions.length === 0 || this.#isLeaving) return;
        terminal.talk(colours.dim(`gave up ${namesOf(partitions)}`));
      },
      onLost: (partitions) => {
        if (partitions.length > 0) terminal.talk(colours.yellow(`lost ${namesOf(partitions)}`));
      },
    };
  }
}

function assignorOf({
  assignors,
  protocol,
}: ConsumeGroupOptions): Pick<ConsumerOptions, "assignor"> {
  if (protocol === "classic") {
    return { assignor: (assignors as readonly AssignorName[] | undefined) ?? KAFKAS_DEFAULT };
  }
  const [ofCoordinator] = assignors ?? [];
  return ofCoordinator === undefined ? {} : { assignor: ofCoordinator };
}

/** Where the SDK's consumers may begin. @throws ZoologError `USAGE` */
function startOf(point: OffsetPoint): "earliest" | "latest" | Date {
  switch (point.at) {
    case "start":
      return "earliest";
    case "end":
      return "latest";
    case "time":
    case "ago":
      return new Date(timestampOf(point));
    case "offset":
    case "afterStart":
    case "beforeEnd":
      throw usageError(
        "--from is start, end or a time such as @-1h",
        "For offsets: zoolog group reset GROUP --to-offset N --topic T --execute, before its first start.",
      );
  }
}

/** Partitions in one line that people still read. */
const NAMED_MAX = 8;

function namesOf(
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): string {
  const names = partitions.slice(0, NAMED_MAX).map((it) => `${it.topic}-${it.partition}`);
  const more = partitions.length - names.length;
  return `${names.join(" ")}${more === 0 ? "" : ` and ${more} more`}`;
}
