import { type TopicId, timestamp } from "@zoolog/base";
import fc from "fast-check";
import { applyAll } from "../apply.ts";
import { decide } from "../decide.ts";
import type { GroupUnderTest } from "../group.fixture.ts";
import type { GroupEvent, RequestId } from "../group-event.ts";
import type { GroupResponse } from "../group-reply.ts";
import { GroupWorld, IDS, type Step, steps } from "../group-world.fixture.ts";
import type { ConsumerGroup } from "../state/consumer-group.ts";
import { groupStateName } from "../state/group-state-name.ts";
import { commonPartitions, isSubset } from "../state/partition-map.ts";
import { hasNews } from "./reconciliation.ts";

type ConsumerClient = {
  readonly memberId: string;
  readonly instance: string | undefined;
  inFlight: RequestId | undefined;
  epoch: number | "join";
  lastEpoch: number;
  topics: string[];
  hasTold: boolean;
  owned: Set<string>;
  /** Asked to give up, and not done with it. */
  stopping: Set<string>;
};

class ConsumerWorld extends GroupWorld<ConsumerClient> {
  #incarnation = 0;

  act(client: ConsumerClient, fate: "fine" | "lost" | "answerLost"): void {
    for (const partition of client.stopping) client.owned.delete(partition);
    client.stopping.clear();
    const isJoin = client.epoch === "join";
    const subscribedTopics = isJoin || !client.hasTold ? client.topics : undefined;
    client.hasTold = fate === "fine";
    this.send(
      client,
      {
        type: "consumerGroupHeartbeat",
        memberId: client.memberId,
        memberIdCandidate: "unused",
        memberEpoch: client.epoch,
        groupInstanceId: client.instance,
        rebalanceTimeoutMs: isJoin ? 1_000 : undefined,
        subscribedTopics,
        owned: isJoin ? undefined : ownedTopics(client.owned),
      },
      fate,
    );
  }

  receive(client: ConsumerClient, id: string, response: GroupResponse): void {
    if (response.type === "refused") {
      expect(["FENCED_MEMBER_EPOCH", "UNKNOWN_MEMBER_ID", "UNRELEASED_INSTANCE_ID"]).toContain(
        response.error.code,
      );
      // It has lost what it had and begins anew.
      this.clients.set(id, {
        ...client,
        epoch: "join",
        lastEpoch: 0,
        owned: new Set(),
        stopping: new Set(),
      });
      return;
    }
    if (response.type !== "consumerGroupHeartbeat") throw new Error(response.type);
    if (typeof response.memberEpoch !== "number") return;
    expect(response.memberEpoch).toBeGreaterThanOrEqual(client.lastEpoch);
    client.epoch = response.memberEpoch;
    client.lastEpoch = response.memberEpoch;
    if (response.assignment === undefined) return;
    const assigned = new Set(
      response.assignment.flatMap(({ topicId, partitions }) =>
        partitions.map((partition) => `${topicId}/${partition}`),
      ),
    );
    client.stopping = new Set([...client.owned].filter((each) => !assigned.has(each)));
    for (const partition of assigned) client.owned.add(partition);
  }

  lose(client: ConsumerClient): void {
    client.hasTold = false;
  }

  change({ do: what, who, how }: Extract<Step, { how: number }>): void {
    const id = IDS[who] ?? "";
    const client = this.clients.get(id);
    if (what === "go" && client === undefined) this.#start(id, how);
    if (client === undefined) return;
    if (what === "resubscribe") {
      client.topics = how === 0 ? ["t"] : ["t", "u"];
      client.hasTold = false;
    }
    if (what === "stop" && client.inFlight === undefined) {
      if (client.epoch !== "join") this.#leave(client, how);
      this.clients.delete(id);
    }
  }

  #start(id: string, how: number): void {
    this.#incarnation++;
    const isStatic = id === "a" || id === "b";
    this.clients.set(id, {
      memberId: isStatic ? `${id}${this.#incarnation}` : id,
      instance: isStatic ? id : undefined,
      inFlight: undefined,
      epoch: "join",
      lastEpoch: 0,
      topics: how === 0 ? ["u"] : ["t", "u"],
      hasTold: false,
      owned: new Set(),
      stopping: new Set(),
    });
  }

  /** It has stopped before it says so. */
  #leave(client: ConsumerClient, how: number): void {
    const { memberId, instance: groupInstanceId } = client;
    client.owned = new Set();
    const memberEpoch = groupInstanceId !== undefined && how > 0 ? "leaveForNow" : "leave";
    const event = { type: "consumerGroupHeartbeat", memberId, memberEpoch, groupInstanceId };
    this.send(client, event, "fine");
  }

  using(client: ConsumerClient): Iterable<string> {
    return client.owned;
  }

  override expireAbsent(): void {
    for (const [id, { memberId, epoch, inFlight }] of this.clients) {
      if ((epoch !== "join" || inFlight !== undefined) && !this.test.group?.members.has(memberId))
        this.clients.delete(id);
    }
  }

  /** What stays with a member is never taken from it in between, not for one heartbeat. */
  override checkEvent(before: GroupUnderTest["group"]): void {
    const { group } = this.test;
    if (before?.type !== "consumer" || group?.type !== "consumer") return;
    expect(group.epoch).toBeGreaterThanOrEqual(before.epoch);
    for (const [memberId, former] of before.members) {
      const member = group.members.get(memberId);
      if (member === undefined) continue;
      expect(member.epoch).toBeGreaterThanOrEqual(former.epoch);
      const staying = commonPartitions(former.assigned, member.target);
      expect(isSubset(staying, member.assigned)).toBe(true);
    }
    for (const memberId of group.members.keys()) this.#checkNews(group, memberId);
  }

  /** A member that has news is a step further with its next heartbeat, any other is not. */
  #checkNews(group: ConsumerGroup, memberId: string): void {
    const member = group.members.get(memberId);
    if (member === undefined || member.isAway || !group.targetsVerified) return;
    const { settings, topics } = this.test;
    const event = {
      type: "consumerGroupHeartbeat",
      ...{ requestId: -1, clientId: member.clientId, clientHost: member.clientHost },
      ...{ memberId, memberIdCandidate: "unused", groupInstanceId: member.groupInstanceId },
      memberEpoch: member.epoch,
    } as unknown as GroupEvent;
    const { records } = decide(group, event, { now: timestamp(0), settings, topics });
    expect(hasNews(group, memberId)).toBe(records.length > 0);
    expect(hasNews(applyAll(group, records) as ConsumerGroup, memberId)).toBe(false);
  }

  settle(): void {
    for (let round = 0; round < 12; round++) {
      this.write(Infinity);
      for (const client of this.clients.values())
        if (client.inFlight === undefined) this.act(client, "fine");
    }
    this.write(Infinity);
    // Processes that left for a while and never came back.
    for (const key of [...this.test.timers.keys()]) {
      const id = key.slice("session:".length);
      if ([...this.clients.values()].some(({ memberId }) => memberId === id)) continue;
      this.expire(key);
    }
  }
}

function ownedTopics(owned: ReadonlySet<string>) {
  return ["#t", "#u"].map((topicId) => ({
    topicId: topicId as TopicId,
    partitions: [...owned]
      .filter((each) => each.startsWith(topicId))
      .map((each) => Number(each.split("/")[1])),
  }));
}

test("server-side groups: one user for each partition, and all come to rest, balanced", () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const world = new ConsumerWorld();
      for (const each of taken) world.take(each);
      world.settle();
      world.settle();
      world.checkAnswered();
      if (world.clients.size === 0) return;

      const group = world.test.group as ConsumerGroup;
      expect(groupStateName(group)).toBe("Stable");
      const all = new Set([...world.clients.values()].flatMap(({ topics }) => topics));
      const used = [...world.clients.values()].map(({ owned }) => owned.size);
      const count = [...all].reduce(
        (n, name) => n + (world.test.topics.topic(name)?.partitions ?? 0),
        0,
      );
      expect(used.reduce((a, b) => a + b)).toBe(count);
      const isEven = [...world.clients.values()].every(({ topics }) => topics.length === 2);
      if (isEven) expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(1);

      // A coordinator that dies now costs nothing: nobody is told anything new.
      const { epoch } = group;
      world.failOver();
      for (const client of world.clients.values()) {
        world.act(client, "fine");
        expect(world.test.records.filter(({ type }) => type !== "targetsVerified")).toEqual([]);
      }
      expect((world.test.group as ConsumerGroup).epoch).toBe(epoch);
    }),
  );
});
