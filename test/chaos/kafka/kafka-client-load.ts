import type { FinalLog, HistoryEntry, SendEntry } from "@zoolog/testkit";
import type { DriverEvent, SeenEvent, WriterEvent } from "./driver-line.ts";
import type { InstalledClient } from "./kafka-chaos-client.ts";
import { type KafkaPlan, KafkaProgram } from "./kafka-program.ts";
import { KafkaReader } from "./kafka-reader.ts";
import { KafkaWriter, type KafkaWriterOptions } from "./kafka-writer.ts";

/** What the clients of a run write down together. */
export type KafkaHistory = {
  readonly entries: HistoryEntry[];
  readonly readerErrors: Map<string, number>;
  readonly nextProcess: () => number;
};

export type KafkaClientLoadOptions = KafkaWriterOptions & {
  readonly plan: KafkaPlan;
  readonly writers: number;
  /** The first one by itself, the others in groups. */
  readonly readers: number;
  readonly logFile: string;
};

/** Two attempts of a client to begin: brokers are there already, and whole. */
const BEGIN_MS_MAX = 60_000;
/** Over what a record may be under way: the client's own requests may hang at the end of it. */
const CLOSE_MS_MAX = 180_000;
/** Nothing is broken any more: a rebalance, and what is left to be read. */
const CATCH_UP_MS_MAX = 90_000;
const LEAVE_MS_MAX = 20_000;
const LOOK_MS = 50;

/** The writers and readers of one Kafka client, in one program. */
export class KafkaClientLoad {
  readonly #installed: InstalledClient;
  readonly #history: KafkaHistory;
  readonly #program: KafkaProgram;
  readonly #writers: readonly KafkaWriter[];
  readonly #readers: KafkaReader[];
  readonly #left = new Set<number>();
  readonly #outcomes = { ok: 0, info: 0, fail: 0 };
  /** Producers that gave up, by what they said. */
  readonly #gaveUp = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  #isClosing = false;
  #read = 0;

  constructor(
    options: KafkaClientLoadOptions,
    dependencies: { readonly installed: InstalledClient; readonly history: KafkaHistory },
  ) {
    const { installed, history } = dependencies;
    this.#installed = installed;
    this.#history = history;
    this.#program = new KafkaProgram(installed.command, options, {
      onEvent: (event) => this.#take(event),
    });
    this.#writers = Array.from(
      { length: options.writers },
      () =>
        new KafkaWriter(options, {
          tell: (call) => this.#program.tell(call),
          nextProcess: history.nextProcess,
          note: (send) => this.#noteSend(send),
        }),
    );
    this.#readers = this.#readersOf(options.readers);
  }

  get name(): string {
    return `${this.#installed.client.name} ${this.#installed.version}`;
  }

  /** Resolves when every producer has had something acknowledged. */
  async start(): Promise<void> {
    for (const writer of this.#writers) writer.start();
    for (const reader of this.#readers) this.#begin(reader);
    const haveBegun = (): boolean => this.#writers.every(({ hasBegun }) => hasBegun);
    if (await this.#until(haveBegun, BEGIN_MS_MAX)) return;
    throw new Error(`a producer of ${this.name} gets nothing acknowledged`);
  }

  async stopWriting(): Promise<void> {
    this.#isClosing = true;
    for (const writer of this.#writers) writer.close();
    await this.#until(() => this.#writers.every(({ isClosed }) => isClosed), CLOSE_MS_MAX);
    for (const writer of this.#writers) writer.abandon();
  }

  /** One more reader begins at the start; all of them have to come to the end. */
  async stopReading(finalLogs: readonly FinalLog[]): Promise<readonly string[]> {
    const whole = this.#alone("the last reader");
    this.#readers.push(whole);
    this.#begin(whole);
    const haveRead = (): boolean => this.#readers.every((reader) => reader.hasRead(finalLogs));
    await this.#until(haveRead, CATCH_UP_MS_MAX);
    const members = this.#readers.flatMap((reader) => reader.members);
    for (const member of members) this.#program.tell(["leave", member]);
    await this.#until(() => members.every((member) => this.#left.has(member)), LEAVE_MS_MAX);
    await this.#program.kill();
    return this.#readers.flatMap((reader) => reader.gaps(finalLogs));
  }

  figures(): readonly string[] {
    const { ok, info, fail } = this.#outcomes;
    return [
      `${this.name}: ${ok} acknowledged, ${info} of unknown fate, ${fail} failed, ${this.#read} read`,
      ...listed(`producers of ${this.name} that gave up`, this.#gaveUp),
      ...listed(`of unknown fate to ${this.name}`, this.#unknown),
    ];
  }

  abandon(): void {
    for (const writer of this.#writers) writer.abandon();
    this.#program.kill().catch(() => {});
  }

  #begin({ members, group }: KafkaReader): void {
    for (const member of members) {
      if (group === undefined) this.#program.tell(["read", member]);
      else this.#program.tell(["join", member, group.name, group.protocol]);
    }
  }

  #readersOf(count: number): KafkaReader[] {
    const { name, protocols } = this.#installed.client;
    if (count === 0) return [];
    const members = Array.from({ length: count - 1 }, () => this.#history.nextProcess());
    const groups = protocols.flatMap((protocol, index) => {
      const own = members.filter((_, member) => member % protocols.length === index);
      const group = { name: `${name}-${protocol}`, protocol };
      return own.length === 0
        ? []
        : [new KafkaReader({ name: `the group ${group.name}`, members: own, group })];
    });
    return [this.#alone("the reader"), ...groups];
  }

  #alone(what: string): KafkaReader {
    return new KafkaReader({
      name: `${what} of ${this.name}`,
      members: [this.#history.nextProcess()],
    });
  }

  #take(event: DriverEvent): void {
    const [name, process] = event;
    if (name === "seen") this.#takeSeen(event);
    else if (name === "left") this.#left.add(process);
    else if (name === "error") {
      add(this.#history.readerErrors, `${this.#installed.client.name}: ${event[2]}`);
    } else this.#takeOfWriter(event);
  }

  #takeSeen(event: SeenEvent): void {
    const reader = this.#readers.find(({ members }) => members.includes(event[1]));
    this.#read += event[4].length;
    if (reader !== undefined) this.#history.entries.push(reader.seen(event));
  }

  #takeOfWriter(event: WriterEvent): void {
    const writer = this.#writers.find(({ producer }) => producer === event[1]);
    switch (event[0]) {
      case "ok":
        writer?.settled(event[2], "ok", event[3]);
        break;
      case "fail":
        writer?.settled(event[2], "fail", undefined);
        break;
      case "info":
        add(this.#unknown, event[3]);
        writer?.settled(event[2], "info", undefined);
        break;
      case "fatal":
        add(this.#gaveUp, event[2]);
        writer?.gaveUp({ isClosing: this.#isClosing });
        break;
      case "closed":
        writer?.abandon();
    }
  }

  #noteSend(send: SendEntry): void {
    this.#outcomes[send.outcome] += 1;
    this.#history.entries.push(send);
  }

  /** Whether it has come about in time. @throws Error when the program is gone. */
  async #until(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
    const giveUpAt = performance.now() + timeoutMs;
    while (!isSo()) {
      this.#program.check();
      if (performance.now() > giveUpAt) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return true;
  }
}

function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function listed(title: string, counts: ReadonlyMap<string, number>): readonly string[] {
  if (counts.size === 0) return [];
  return [`${title}: ${[...counts].map((count) => count.join(" × ")).join(", ")}`];
}
