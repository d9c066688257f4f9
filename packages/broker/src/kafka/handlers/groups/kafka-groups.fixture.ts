import { encodeConsumerSubscription, type KafkaApi } from "@zoolog/protocol";
import { KAFKA_MESSAGES, readResponse } from "@zoolog/protocol/kafka";
import type { MemoryConnection } from "@zoolog/testkit";
import { brokersAt } from "../../../calls/cluster-calls.ts";
import { GROUP, type GroupWorld, started } from "../../../calls/groups/group-calls.fixture.ts";
import { framed, receivedBy, startedPlane, turn } from "../../kafka-plane.fixture.ts";
import { groupHandlers } from "./group-handlers.ts";

/** Kafka's plane over the coordinator of all groups. */
export async function kafkaGroups(of: Parameters<typeof started>[0] = {}) {
  const world = await started(of);
  const { image } = world.runtime;
  if (image === undefined) throw new Error("the world has an image");
  const api = {
    groups: world.calls,
    brokersAt: (listener: string) => brokersAt(image, listener),
  };
  const { network, plane, lines } = await startedPlane({ handlers: groupHandlers({ api }) });
  const client = (clientId = "app") => new KafkaClient(network.dial("10.0.0.8"), clientId, world);
  return { world, client, plane, lines };
}

/** One connection of a client that speaks Kafka's protocol. */
export class KafkaClient {
  readonly connection: MemoryConnection;
  readonly #clientId: string;
  readonly #world: GroupWorld;
  #sent = 0;

  constructor(connection: MemoryConnection, clientId: string, world: GroupWorld) {
    this.connection = connection;
    this.#clientId = clientId;
    this.#world = world;
  }

  /** Sends a request; the answer is there when somebody has settled the world. */
  begin<Api extends KafkaApi>(api: Api, version: number, request: object) {
    const at = this.#sent++;
    this.connection.send(framed(api, { version, clientId: this.#clientId }, request));
    return {
      get: () => {
        const frame = receivedBy(this.connection)[at];
        return frame && readResponse(KAFKA_MESSAGES[api], version, frame).response;
      },
    };
  }

  async ask<Api extends KafkaApi>(api: Api, version: number, request: object) {
    const begun = this.begin(api, version, request);
    for (let turns = 0; turns < 20; turns++) {
      await settle(this.#world);
      const answer = begun.get();
      if (answer !== undefined) return answer;
    }
    throw new Error(`${api} is not answered`);
  }
}

/** Until nothing is under way any more but what waits for somebody. */
export async function settle(world: GroupWorld): Promise<void> {
  for (let turns = 0; turns < 5; turns++) {
    await turn();
    await world.time.advanceAndSettle(0);
  }
}

const metadata = encodeConsumerSubscription({ topics: ["orders"] });

export const JOIN = {
  groupId: GROUP,
  memberId: "",
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata }],
};

type Joined = { readonly memberId: string; readonly generationId: number };

/** Joins, with a new id if it needs one, as the group's only member, and assigns to itself. */
export async function joinAlone(client: KafkaClient, more: object = {}): Promise<Joined> {
  const asked = { ...JOIN, ...more };
  const first = await client.ask("JoinGroup", 9, asked);
  const joined =
    first.errorCode === "MEMBER_ID_REQUIRED"
      ? await client.ask("JoinGroup", 9, { ...asked, memberId: first.memberId })
      : first;
  expect(joined).toMatchObject({ errorCode: undefined });
  const member = { memberId: joined.memberId ?? "", generationId: joined.generationId ?? -1 };
  const assignments = [{ memberId: member.memberId, assignment: Buffer.from("all") }];
  await client.ask("SyncGroup", 5, { groupId: GROUP, ...member, assignments });
  return member;
}
