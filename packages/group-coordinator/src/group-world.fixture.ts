/**
 * Members, a network that loses requests and answers, a writer that lags behind, and coordinators
 * that die at any moment. What a member uses is what it says it owns; nobody else may use that.
 */
import fc from "fast-check";
import { GroupUnderTest, LaggingWriter, topicsOf } from "./group.fixture.ts";
import type { GroupEvent, RequestId } from "./group-event.ts";
import type { GroupResponse } from "./group-reply.ts";
import type { GroupTimerKey } from "./group-timer.ts";

export const IDS = ["a", "b", "c", "d"];

export type Step =
  | { readonly do: "act"; readonly who: number; readonly fate: "fine" | "lost" | "answerLost" }
  | { readonly do: "stop" | "go" | "resubscribe"; readonly who: number; readonly how: number }
  | { readonly do: "write"; readonly records: number }
  | { readonly do: "failOver" | "grow" }
  | { readonly do: "fire"; readonly pick: number };

const who = fc.nat({ max: IDS.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("act" as const),
      who,
      fate: fc.constantFrom(
        "fine" as const,
        "fine" as const,
        "lost" as const,
        "answerLost" as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("stop" as const, "go" as const, "resubscribe" as const),
      who,
      how: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("write" as const), records: fc.nat({ max: 4 }) }),
  },
  fc.record({ do: fc.constantFrom("failOver" as const, "grow" as const) }),
  fc.record({ do: fc.constant("fire" as const), pick: fc.nat() }),
);
export const steps = fc.array(step, { minLength: 20, maxLength: 120 });

/** What both kinds of clients do with a coordinator that lags, fails and fires. */
export abstract class GroupWorld<Client extends { inFlight: RequestId | undefined }> {
  readonly test = new GroupUnderTest({ t: 5, u: 3 }, { groupSizeMax: 10 });
  readonly writer = new LaggingWriter(this.test.stored);
  readonly clients = new Map<string, Client>();
  #requests = 0;
  #partitions = 5;
  readonly #lost = new Set<RequestId>();
  readonly #waiting = new Set<RequestId>();

  constructor() {
    this.test.writesAtOnce = false;
  }

  send(client: Client, event: Record<string, unknown>, fate: "fine" | "lost" | "answerLost"): void {
    const requestId = this.#requests++;
    if (fate === "lost") return;
    client.inFlight = requestId;
    if (fate === "answerLost") this.#lost.add(requestId);
    this.#waiting.add(requestId);
    this.run({ clientId: "c", clientHost: "h", ...event, requestId } as unknown as GroupEvent);
  }

  /** Who is given up for its silence has noticed it, too: its own clock is no slower,
   * and answers that come later than that count for nothing. */
  run(event: GroupEvent, { expires } = { expires: false }): void {
    const before = this.test.group;
    const replies = this.test.run(event);
    this.checkEvent(before);
    for (const { requestId } of replies) expect(this.#waiting.delete(requestId)).toBe(true);
    this.writer.add(this.test.records, replies);
    if (expires) this.expireAbsent();
    this.check();
  }

  /** Writes some records; answers of which everything is written arrive, or are lost. */
  write(records: number): void {
    for (const { requestId, response } of this.writer.write(records)) {
      for (const [id, client] of this.clients) {
        if (client.inFlight !== requestId) continue;
        client.inFlight = undefined;
        if (this.#lost.has(requestId)) this.lose(client);
        else this.receive(client, id, response);
      }
      this.check();
    }
  }

  failOver(): void {
    this.writer.forget();
    this.#waiting.clear();
    for (const client of this.clients.values()) {
      if (client.inFlight === undefined) continue;
      client.inFlight = undefined;
      this.lose(client);
    }
    this.test.failOver();
    this.writer.add(this.test.records, []);
    this.check();
  }

  grow(): void {
    this.#partitions++;
    this.test.topics = topicsOf({ t: this.#partitions, u: 3 });
    this.run({ type: "topicsChanged" });
  }

  take(step: Step): void {
    switch (step.do) {
      case "act": {
        const client = this.clients.get(IDS[step.who] ?? "");
        if (client !== undefined && client.inFlight === undefined) this.act(client, step.fate);
        return;
      }
      case "write":
        this.write(step.records);
        return;
      case "failOver":
        this.failOver();
        return;
      case "grow":
        this.grow();
        return;
      case "fire":
        this.fire(step.pick);
        return;
      case "stop":
      case "go":
      case "resubscribe":
        this.change(step);
    }
  }

  fire(pick: number): void {
    const keys = [...this.test.timers.keys()];
    const key = keys[pick % Math.max(1, keys.length)];
    if (key !== undefined) this.expire(key);
  }

  expire(key: GroupTimerKey): void {
    this.test.timers.delete(key);
    this.run({ type: "timerFired", key }, { expires: true });
  }

  /** Exactly one answer to each request that was not lost with a coordinator. */
  checkAnswered(): void {
    expect(this.#waiting).toEqual(new Set());
  }

  abstract act(client: Client, fate: "fine" | "lost" | "answerLost"): void;
  abstract receive(client: Client, id: string, response: GroupResponse): void;
  abstract lose(client: Client): void;
  abstract change(step: Extract<Step, { how: number }>): void;
  abstract using(client: Client): Iterable<string>;
  checkEvent(_before: GroupUnderTest["group"]): void {}
  expireAbsent(): void {}

  check(): void {
    const users = new Map<string, string>();
    for (const [id, client] of this.clients) {
      for (const partition of this.using(client)) {
        expect([partition, users.get(partition)]).toEqual([partition, undefined]);
        users.set(partition, id);
      }
    }
  }
}
