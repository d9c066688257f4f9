import type { TopicPartitions } from "@zoolog/protocol";
import {
  type AssignedMember,
  type Assignment,
  AssignmentBuilder,
  type Assignor,
  inAssignmentOrder,
  subscribedTopics,
} from "./assignor.ts";

/** What a member is to have. */
type Share = {
  readonly memberId: string;
  readonly topics: ReadonlySet<string>;
  /** By topic, what it had before: the last to be taken away. */
  readonly kept: Map<string, number[]>;
  readonly added: Map<string, number[]>;
  load: number;
};

type Subscribers = ReadonlyMap<string, readonly Share[]>;

/**
 * Kafka's `sticky`: as even as the subscriptions allow, and of all such assignments one that leaves
 * with each member as much of what it has as it can.
 *
 * 1. Everybody keeps what they have. Of two that claim a partition the younger generation is
 *    believed, and neither of two of the same one.
 * 2. What nobody has goes to the subscriber with the least.
 * 3. While somebody has at least two more than a subscriber of one of their topics, who has the most
 *    gives one partition to who has the least. The sum of the squares falls each time: it ends.
 */
export const assignSticky: Assignor = (members, counts) => {
  const shares = inAssignmentOrder(members).map(({ memberId, topics }): Share => {
    return { memberId, topics: new Set(topics), kept: new Map(), added: new Map(), load: 0 };
  });
  const subscribers: Subscribers = new Map(
    subscribedTopics(members, counts).map((topic) => [
      topic,
      shares.filter(({ topics }) => topics.has(topic)),
    ]),
  );
  const owners = new BelievedOwners(members);
  const byId = new Map(shares.map((share) => [share.memberId, share]));
  const ownerless: [topic: string, partition: number][] = [];
  for (const topic of subscribers.keys()) {
    for (let partition = 0; partition < (counts.get(topic) ?? 0); partition++) {
      const owner = byId.get(owners.of(topic, partition) ?? "");
      if (owner?.topics.has(topic) === true) give(owner, "kept", topic, partition);
      else ownerless.push([topic, partition]);
    }
  }
  for (const [topic, partition] of ownerless) {
    give(leastLoaded(subscribers.get(topic) ?? []), "added", topic, partition);
  }
  while (moveOne(shares, subscribers));
  return assignmentOf(members, shares);
};

/** Whom to believe when members say what they have. */
class BelievedOwners {
  readonly #claims = new Map<string, Map<number, Claim>>();

  constructor(members: readonly AssignedMember[]) {
    for (const member of members) for (const claimed of member.owned) this.#add(member, claimed);
  }

  of(topic: string, partition: number): string | undefined {
    return this.#claims.get(topic)?.get(partition)?.memberId;
  }

  #add({ generation = -1, memberId }: AssignedMember, claimed: TopicPartitions): void {
    const claims = this.#claims.get(claimed.topic) ?? new Map<number, Claim>();
    this.#claims.set(claimed.topic, claims);
    for (const partition of claimed.partitions) {
      const known = claims.get(partition);
      if (known === undefined || generation > known.generation) {
        claims.set(partition, { memberId, generation });
      } else if (generation === known.generation && known.memberId !== memberId) {
        claims.set(partition, { memberId: undefined, generation });
      }
    }
  }
}

/** Without a member id: two claim it, and nobody can be believed. */
type Claim = { readonly memberId: string | undefined; readonly generation: number };

/** One partition from the most to the least loaded where that evens things out; false when not. */
function moveOne(shares: readonly Share[], subscribers: Subscribers): boolean {
  const least = new Map([...subscribers].map(([topic, those]) => [topic, leastLoaded(those)]));
  for (const share of [...shares].sort((a, b) => b.load - a.load)) {
    for (const from of ["added", "kept"] as const) {
      for (const [topic, partitions] of share[from]) {
        const target = least.get(topic);
        if (target === undefined || share.load <= target.load + 1) continue;
        const partition = partitions.pop();
        if (partition === undefined) continue;
        share.load -= 1;
        give(target, "added", topic, partition);
        return true;
      }
    }
  }
  return false;
}

function give(
  share: Share | undefined,
  as: "kept" | "added",
  topic: string,
  partition: number,
): void {
  if (share === undefined) return;
  const partitions = share[as].get(topic);
  if (partitions === undefined) share[as].set(topic, [partition]);
  else partitions.push(partition);
  share.load += 1;
}

function leastLoaded(shares: readonly Share[]): Share | undefined {
  let least = shares[0];
  for (const share of shares) if (least === undefined || share.load < least.load) least = share;
  return least;
}

function assignmentOf(members: readonly AssignedMember[], shares: readonly Share[]): Assignment {
  const assignment = new AssignmentBuilder(members);
  for (const { added, kept, memberId } of shares) {
    for (const [topic, partitions] of [...kept, ...added]) {
      for (const partition of partitions) assignment.give(memberId, topic, partition);
    }
  }
  return assignment.done();
}
