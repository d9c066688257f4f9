import { assert } from "@zoolog/base";
import type { AssignmentInput } from "./assignment-input.ts";
import type { PartitionNumbers } from "./partition-numbers.ts";

/**
 * Balances partitions among members that do not all subscribe to the same topics.
 *
 * First everybody keeps what it had, and what is free goes to the subscriber with the least. Then,
 * as long as a member has at least two more than another one that partitions can be passed on to,
 * perhaps along a chain of members (A gives B one of a topic that both want, B gives C one of
 * another), one is passed on. When no such chain is left, no assignment is better balanced.
 */
export function balanceUnevenly(
  input: AssignmentInput,
  numbers: PartitionNumbers,
  owners: Int32Array,
): void {
  new Balancing(input, numbers, owners).run();
}

/** How a member was reached: who would pass on a partition of which topic. */
type Step = { readonly from: number; readonly topic: number };

class Balancing {
  readonly #owners: Int32Array;
  readonly #numbers: PartitionNumbers;
  readonly #loads: number[];
  /** Members that subscribe, by topic. */
  readonly #subscribers: readonly (readonly number[])[];
  /** Partitions that each member has, by topic. */
  readonly #held: readonly Map<number, number[]>[];

  constructor({ members }: AssignmentInput, numbers: PartitionNumbers, owners: Int32Array) {
    this.#owners = owners;
    this.#numbers = numbers;
    this.#loads = members.map(() => 0);
    this.#held = members.map(() => new Map());
    const subscribers: number[][] = numbers.topics.map(() => []);
    members.forEach(({ topics }, member) => {
      for (const { topicId } of topics) {
        const topic = numbers.indexOf(topicId);
        if (topic !== undefined) subscribers[topic]?.push(member);
      }
    });
    this.#subscribers = subscribers;
  }

  run(): void {
    const free: number[] = [];
    this.#owners.forEach((owner, number) => {
      if (owner >= 0) this.#give(number, owner);
      else free.push(number);
    });
    // Topics that few want first: the others can go round them.
    const wanted = (number: number): number =>
      this.#subscribers[this.#numbers.topicOf(number)]?.length ?? 0;
    for (const number of free.sort((a, b) => wanted(a) - wanted(b) || a - b)) {
      const member = this.#leastLoaded(this.#subscribers[this.#numbers.topicOf(number)] ?? []);
      if (member !== undefined) this.#give(number, member);
    }
    this.#passOn();
  }

  /**
   * The most loaded first. When a member can pass nothing on, neither can any member it reached,
   * now or later: they all stay as loaded as they are, so each is looked at only once.
   */
  #passOn(): void {
    const settled = new Set<number>();
    const open = this.#loads.map((_, member) => member);
    while (open.length > 0) {
      open.sort((a, b) => this.#load(b) - this.#load(a));
      const [source] = open;
      assert(source !== undefined, "somebody is left to look at");
      const reached = this.#relieve(source, settled);
      if (reached === undefined) continue;
      for (const member of reached) {
        if (this.#load(member) <= this.#load(source)) settled.add(member);
      }
      for (let i = open.length - 1; i >= 0; i--) {
        if (settled.has(open[i] ?? -1)) open.splice(i, 1);
      }
    }
  }

  /** Passes one partition on from `source`; else says whom it reached, itself among them. */
  #relieve(source: number, settled: ReadonlySet<number>): Iterable<number> | undefined {
    const steps = new Map<number, Step | undefined>([[source, undefined]]);
    const topicsSeen = new Set<number>();
    let level = [source];
    while (level.length > 0) {
      const next: number[] = [];
      for (const from of level) {
        for (const topic of this.#topicsOf(from)) {
          if (topicsSeen.has(topic)) continue;
          topicsSeen.add(topic);
          const reached = this.#subscribers[topic]?.filter((m) => !steps.has(m) && !settled.has(m));
          for (const member of reached ?? []) {
            steps.set(member, { from, topic });
            next.push(member);
          }
        }
      }
      const lightest = this.#leastLoaded(next);
      if (lightest !== undefined && this.#load(lightest) <= this.#load(source) - 2) {
        this.#shift(lightest, steps);
        return undefined;
      }
      level = next;
    }
    return steps.keys();
  }

  *#topicsOf(member: number): Iterable<number> {
    for (const [topic, partitions] of this.#held[member] ?? []) {
      if (partitions.length > 0) yield topic;
    }
  }

  /** Each member of the chain gives one to the next. */
  #shift(target: number, steps: ReadonlyMap<number, Step | undefined>): void {
    for (let to = target, step = steps.get(to); step !== undefined; step = steps.get(to)) {
      const number = this.#held[step.from]?.get(step.topic)?.pop();
      assert(number !== undefined, "who passes a partition on has it");
      this.#loads[step.from] = this.#load(step.from) - 1;
      this.#give(number, to);
      to = step.from;
    }
  }

  #give(number: number, member: number): void {
    const topic = this.#numbers.topicOf(number);
    const held = this.#held[member];
    const partitions = held?.get(topic);
    if (partitions === undefined) held?.set(topic, [number]);
    else partitions.push(number);
    this.#owners[number] = member;
    this.#loads[member] = this.#load(member) + 1;
  }

  #leastLoaded(members: readonly number[]): number | undefined {
    let least: number | undefined;
    for (const member of members) {
      if (least === undefined || this.#load(member) < this.#load(least)) least = member;
    }
    return least;
  }

  #load(member: number): number {
    return this.#loads[member] ?? 0;
  }
}
