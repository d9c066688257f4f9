import type { GroupEntry } from "../../history/group-history.ts";
import type { FinalLog, HistoryEntry, PollEntry, SendEntry } from "../../history/history.ts";
import { keyOf, type WorldTopics } from "./world-topics.ts";

/** One group's reading of one topic. */
export type GroupReading = {
  readonly group: string;
  readonly topicId: string;
  readonly entries: GroupEntry[];
};

/** A send by the name of its topic; its partition where that is known. */
export type NamedSend = Omit<SendEntry, "f" | "key"> & {
  readonly topic: string;
  readonly partition: number | undefined;
};

/** What a reader, begun at `from`, was handed out of a topic with that name. */
export type NamedPoll = Omit<PollEntry, "f" | "key"> & {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
};

export type Trimmed = {
  readonly topicId: string;
  readonly partition: number;
  readonly before: number;
};

type MemberEntry = Extract<GroupEntry, { readonly f: "killed" | "left" | "frozen" }>;

/**
 * What the clients of a world saw, by true time, in the terms that the checkers judge. Clients know
 * topics by name: which life of it they reached is found out at the end, when all lives are known.
 */
export class WorldHistory {
  readonly sends: NamedSend[] = [];
  readonly polls: NamedPoll[] = [];
  /** Requests to delete the records before an offset that were granted. */
  readonly trimmed: Trimmed[] = [];
  /** Of topics that were not deleted; read when everything had healed and nobody wrote any more. */
  finalLogs: readonly FinalLog[] = [];
  readonly #topics: WorldTopics;
  readonly #readings = new Map<string, GroupReading>();
  #processes = 0;

  constructor(dependencies: { readonly topics: WorldTopics }) {
    this.#topics = dependencies.topics;
  }

  /** Who a client is in the history; a restarted one is another process. */
  nextProcess(): number {
    return this.#processes++;
  }

  get readings(): readonly GroupReading[] {
    return [...this.#readings.values()];
  }

  reading(group: string, topicId: string): GroupReading {
    const key = `${group} ${topicId}`;
    const known = this.#readings.get(key) ?? { group, topicId, entries: [] };
    this.#readings.set(key, known);
    return known;
  }

  /** What happened to a member as such, whatever it reads. */
  ofMember(group: string, entry: MemberEntry): void {
    for (const reading of this.readings) if (reading.group === group) reading.entries.push(entry);
  }

  /** By partitions of topics' lives: keys are `<topic id>/<partition>`. */
  entries(): HistoryEntry[] {
    const entries: HistoryEntry[] = [];
    for (const send of this.sends) this.#addSend(entries, send);
    for (const poll of this.polls) this.#addPoll(entries, poll);
    return entries;
  }

  #addSend(entries: HistoryEntry[], send: NamedSend): void {
    const { order, partition, process, sentAt, settledAt, topic, value } = send;
    const lives = this.#topics.reachable(topic, sentAt, settledAt);
    // An acknowledgement is a promise where it is known which record was meant, and to be kept.
    const isPromise = lives.length === 1 && lives[0]?.promise === "all";
    const isKept = isPromise || send.outcome === "fail";
    const outcome = isKept ? send.outcome : "info";
    const offset = isKept ? send.offset : undefined;
    for (const { partitionsMax, topicId } of lives) {
      const [from, to] = partition === undefined ? [0, partitionsMax] : [partition, partition + 1];
      for (let index = from; index < to; index++) {
        const key = keyOf(topicId, index);
        const what = { process, order, key, value, sentAt, settledAt } as const;
        entries.push({ f: "send", outcome, offset, ...what });
      }
    }
  }

  #addPoll(entries: HistoryEntry[], poll: NamedPoll): void {
    const { at, from, partition, position, process, records, topic } = poll;
    const lives = this.#topics.reachable(topic, from, at);
    const [life] = lives;
    if (life === undefined || lives.length > 1) return;
    const key = keyOf(life.topicId, partition);
    entries.push({ f: "poll", process, key, position, records, at });
  }
}
