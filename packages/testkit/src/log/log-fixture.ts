import {
  type FileSystem,
  type Logger,
  type Offset,
  silentLogger,
  type TopicPartition,
} from "@zoolog/base";
import {
  DEFAULT_LOG_CONFIG,
  Log,
  type LogConfig,
  LogDirectory,
  type LogDirectoryLimits,
  type LogOptions,
  type ReadVerification,
} from "@zoolog/log";
import { encodeRecordBatch, RecordBatch, splitBatches } from "@zoolog/protocol";
import {
  type DiskTime,
  type PowerCutOptions,
  SimulatedDisk,
} from "../file-system/simulated-disk.ts";
import { ManualTime } from "../manual-time.ts";
import { seededRandom } from "../seeded-random.ts";

export type LogFixtureOptions = {
  readonly seed?: number;
  readonly capacityBytes?: number;
  readonly config?: Partial<LogConfig>;
  readonly limits?: Partial<LogDirectoryLimits>;
  readonly verifyReads?: ReadVerification;
  readonly logger?: Logger;
  /** How long the disk takes; some turns of the microtask queue when absent. */
  readonly takesTime?: DiskTime;
  /** Stands between the log and the disk. */
  readonly wrap?: (fileSystem: FileSystem) => FileSystem;
};

const DATA_FOLDER = "/data";

/** One log on a simulated disk, through crashes and restarts. */
export class LogFixture {
  readonly disk: SimulatedDisk;
  readonly time = new ManualTime();
  readonly topicPartition: TopicPartition = { topic: "orders", partition: 0 };
  readonly folder = `${DATA_FOLDER}/orders-0`;
  config: LogConfig;
  readonly #options: LogFixtureOptions;
  #directory: LogDirectory | undefined;

  constructor(options: LogFixtureOptions = {}) {
    this.#options = options;
    const { seed = 1, capacityBytes, takesTime } = options;
    const diskOptions = capacityBytes === undefined ? {} : { capacityBytes };
    this.disk = new SimulatedDisk(diskOptions, {
      random: seededRandom(seed),
      ...(takesTime === undefined ? {} : { takesTime }),
    });
    this.config = { ...DEFAULT_LOG_CONFIG, ...options.config };
  }

  /** The data folder of the log opened last. */
  get directory(): LogDirectory {
    if (this.#directory === undefined) throw new Error("no log was opened yet");
    return this.#directory;
  }

  /** The worst is assumed of how the last process ended, unless told. */
  async open(shutdown: LogOptions["shutdown"] = "unclean"): Promise<Log> {
    const mounted = this.disk.mount();
    const fileSystem = this.#options.wrap?.(mounted) ?? mounted;
    const logger = this.#options.logger ?? silentLogger;
    await fileSystem.makeDirectory(DATA_FOLDER);
    await fileSystem.syncDirectory("/");
    const directory = new LogDirectory(
      { path: DATA_FOLDER, limits: { reservedBytes: 0, ...this.#options.limits } },
      { fileSystem, logger, scheduler: this.time.scheduler },
    );
    await directory.loadCheckpoints();
    await directory.volume.refreshFreeSpace();
    this.#directory = directory;
    const { verifyReads } = this.#options;
    const log = await Log.open(
      {
        topicPartition: this.topicPartition,
        config: this.config,
        shutdown,
        ...(verifyReads === undefined ? {} : { verifyReads }),
      },
      { directory, clock: this.time.clock, logger },
    );
    await directory.loaded();
    return log;
  }

  /** What a broker does on its ticks. */
  async saveCheckpoints(log: Log): Promise<void> {
    log.noteCheckpoints();
    await this.directory.saveCheckpoints();
  }

  /** Crashes and opens again. */
  async reopenAfter(kind: "process" | "power", options?: PowerCutOptions): Promise<Log> {
    this.disk.crash(kind, options);
    return await this.open();
  }

  /** Ends in order and opens again. */
  async restart(log: Log): Promise<Log> {
    await log.close();
    await this.saveCheckpoints(log);
    return await this.open("inOrder");
  }
}

/** A batch of one record per value. Timestamps count up from `timestamp`. */
export function batchOf(values: readonly string[], timestamp = 1_000): RecordBatch {
  const records = values.map((value, i) => ({ timestamp: timestamp + i, key: null, value }));
  return RecordBatch.parse(encodeRecordBatch(records));
}

/** Every record from `from` on, as `[offset, value]`, read in pieces of `maxBytes`. */
export async function readAll(
  log: Log,
  options: { readonly from?: number; readonly maxBytes?: number } = {},
): Promise<[number, string][]> {
  const found: [number, string][] = [];
  const { maxBytes = 4096 } = options;
  const first = options.from ?? log.logStartOffset;
  for (let from = first; from < log.logEndOffset; ) {
    const read = await log.read({ from: from as Offset, maxBytes, minOneBatch: true });
    if (read.error !== undefined) throw new Error(`${read.error} at ${from}`);
    if (read.batches.length === 0) throw new Error(`nothing at ${from} of ${log.logEndOffset}`);
    for (const { offset, value } of read.batches.flatMap((bytes) => [...recordsOf(bytes)])) {
      if (offset >= first) found.push([offset, value]);
    }
    from = read.nextOffset;
  }
  return found;
}

function* recordsOf(bytes: Buffer): Generator<{ offset: number; value: string }> {
  for (const batch of splitBatches(bytes)) {
    for (const { offset, value } of batch.records()) yield { offset, value: String(value) };
  }
}
