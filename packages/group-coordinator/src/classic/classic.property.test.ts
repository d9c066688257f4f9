import fc from "fast-check";
import { bytes, type GroupUnderTest, text } from "../group.fixture.ts";
import type { RequestId } from "../group-event.ts";
import type { GroupResponse } from "../group-reply.ts";
import { GroupWorld, IDS, type Step, steps } from "../group-world.fixture.ts";
import { groupStateName } from "../state/group-state-name.ts";

type ClassicClient = {
  readonly instance: string | undefined;
  inFlight: RequestId | undefined;
  memberId: string | undefined;
  generation: number;
  phase: "out" | "joined" | "stable";
  leads: readonly string[];
  using: Set<string>;
};

class ClassicWorld extends GroupWorld<ClassicClient> {
  #ids = 0;

  act(client: ClassicClient, fate: "fine" | "lost" | "answerLost"): void {
    const { memberId, generation: generationId, instance: groupInstanceId } = client;
    if (client.phase === "out") {
      const id = [...this.clients].find(([, each]) => each === client)?.[0];
      this.send(
        client,
        {
          type: "joinGroup",
          memberId,
          memberIdCandidate: `${id}${this.#ids++}`,
          groupInstanceId,
          protocolType: "consumer",
          protocols: [{ name: "range", metadata: bytes("x") }],
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 20_000,
          requiresKnownMemberId: true,
          supportsSkippingAssignment: true,
        },
        fate,
      );
    } else if (client.phase === "joined") {
      const { leads } = client;
      const assignments = leads.map((id, i) => ({
        memberId: id,
        assignment: bytes([0, 1, 2, 3, 4].filter((p) => p % leads.length === i).join()),
      }));
      const sync = { type: "syncGroup", memberId, generationId, groupInstanceId, assignments };
      this.send(client, sync, fate);
    } else {
      this.send(client, { type: "heartbeat", memberId, generationId, groupInstanceId }, fate);
    }
  }

  receive(client: ClassicClient, _id: string, response: GroupResponse): void {
    if (response.type === "joinGroup") {
      client.memberId = response.memberId;
      client.generation = response.generationId;
      client.phase = "joined";
      client.leads = response.skipAssignment ? [] : response.members.map((m) => m.memberId);
    } else if (response.type === "syncGroup") {
      client.phase = "stable";
      client.using = new Set(
        text(response.assignment)
          .split(",")
          .filter((each) => each !== ""),
      );
    } else if (response.type === "refused") {
      const { code } = response.error;
      client.phase = "out";
      client.using = new Set();
      if (code === "MEMBER_ID_REQUIRED") client.memberId = response.memberId;
      else if (code === "UNKNOWN_MEMBER_ID") client.memberId = undefined;
      // FENCED_INSTANCE_ID is never right here: nobody else has the instance id.
      else expect(["REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION"]).toContain(code);
    }
  }

  /** Joining again is always right, and gives up first what it has (eager). */
  lose(client: ClassicClient): void {
    if (client.phase !== "stable") client.phase = "out";
  }

  change({ do: what, who }: Extract<Step, { how: number }>): void {
    const id = IDS[who] ?? "";
    const client = this.clients.get(id);
    if (what === "go" && client === undefined) {
      const instance = id === "a" || id === "b" ? id : undefined;
      this.clients.set(id, {
        instance,
        inFlight: undefined,
        memberId: undefined,
        generation: -1,
        phase: "out",
        leads: [],
        using: new Set(),
      });
    } else if (what === "stop" && client !== undefined && client.inFlight === undefined) {
      const { memberId, instance } = client;
      if (instance === undefined) {
        this.send(client, { type: "leaveGroup", members: [{ memberId }] }, "fine");
      }
      this.clients.delete(id);
    } else if (
      what === "resubscribe" &&
      client?.phase === "stable" &&
      client.inFlight === undefined
    ) {
      client.phase = "out";
      client.using = new Set();
    }
  }

  using(client: ClassicClient): Iterable<string> {
    return client.using;
  }

  /** Who was too late has noticed it by its own clock. */
  override expireAbsent(): void {
    for (const client of this.clients.values()) {
      const { memberId } = client;
      if (memberId !== undefined && this.test.group?.members.has(memberId)) continue;
      client.using = new Set();
      client.phase = "out";
      client.inFlight = undefined;
    }
  }

  override checkEvent(before: GroupUnderTest["group"]): void {
    const { group } = this.test;
    if (before?.type !== "classic" || group?.type !== "classic") return;
    expect(group.generation).toBeGreaterThanOrEqual(before.generation);
  }

  settle(): void {
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 4; i++) {
        this.write(Infinity);
        for (const client of this.clients.values()) {
          if (client.inFlight === undefined) this.act(client, "fine");
        }
      }
      const mine = new Set([...this.clients.values()].map(({ memberId }) => memberId));
      for (const key of [...this.test.timers.keys()]) {
        const isAlive = mine.has(key.slice(key.indexOf(":") + 1));
        if (isAlive || !this.test.timers.has(key)) continue;
        this.expire(key);
      }
      this.write(Infinity);
    }
  }
}

test("classic groups: one user for each partition, one answer for each request", () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const world = new ClassicWorld();
      for (const each of taken) world.take(each);
      world.settle();
      if (world.clients.size === 0) return;

      expect(groupStateName(world.test.group!)).toBe("Stable");
      world.checkAnswered();
      const used = [...world.clients.values()].flatMap(({ using }) => [...using]);
      expect(used.sort()).toEqual(["0", "1", "2", "3", "4"]);

      const before = world.test.group;
      world.failOver();
      for (const client of world.clients.values()) world.act(client, "fine");
      world.write(Infinity);
      expect([...world.clients.values()].every(({ phase }) => phase === "stable")).toBe(true);
      expect(world.test.group).toEqual(before);
    }),
  );
});
