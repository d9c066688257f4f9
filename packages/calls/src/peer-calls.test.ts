import { encodeMessage } from "@zoolog/protocol";
import { PeerCalls } from "./peer-calls.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

const MSGPACK = "application/msgpack";
const TO = "http://other:8092";

function callsAnswered(answer: { readonly status: number; readonly message: unknown }) {
  const sent: TransportRequest[] = [];
  const refusedBy: string[] = [];
  const transport: Transport = {
    post: async (request): Promise<TransportResponse> => {
      sent.push(request);
      const body = Buffer.from(encodeMessage(answer.message));
      return { status: answer.status, contentType: MSGPACK, body };
    },
    close: async () => {},
  };
  const credentials = ["first life", "second life"];
  const calls = new PeerCalls({
    transport,
    credential: () => credentials.shift() ?? "none",
    onRefused: (endpoint) => void refusedBy.push(endpoint),
  });
  return { calls, sent, refusedBy };
}

test("each call shows the credential of the life that the broker is in", async () => {
  const { calls, sent } = callsAnswered({ status: 200, message: {} });

  await calls.call(TO, "cluster-image", { maxWaitMs: 0 }, { timeoutMs: 1 });
  await calls.call(TO, "replicas-deleted", { topicIds: [] }, { timeoutMs: 1 });

  expect(sent.map(({ path, headers }) => [path, headers])).toEqual([
    ["/v1/cluster-image", { "zoolog-broker": "first life" }],
    ["/v1/replicas-deleted", { "zoolog-broker": "second life" }],
  ]);
});

test("an answer may hold more values than one for clients", async () => {
  const partitions = Array.from({ length: 60_000 }, (_, partition) => {
    return { partition, leaderEpoch: 0, isr: [1], partitionEpoch: 0 };
  });
  const topics = [{ topicId: "abcdefghijklmnopqrstuv", partitions }];
  const { calls } = callsAnswered({ status: 200, message: { topics } });

  const answer = await calls.call(TO, "alter-partition", { topics: [] }, { timeoutMs: 1 });

  expect(answer.topics[0]?.partitions).toHaveLength(60_000);
});

test("a broker that does not take ours for a credential is told of, other failures are not", async () => {
  const error = (code: string) => ({ error: { code, message: "no", retriable: false } });
  const refused = callsAnswered({ status: 403, message: error("CLUSTER_AUTHORIZATION_FAILED") });
  const failed = callsAnswered({ status: 421, message: error("NOT_CONTROLLER") });
  const ask = ({ calls }: typeof refused) =>
    calls.call(TO, "controlled-shutdown", {}, { timeoutMs: 1 });

  await expect(ask(refused)).rejects.toMatchObject({ code: "CLUSTER_AUTHORIZATION_FAILED" });
  await expect(ask(failed)).rejects.toMatchObject({ code: "NOT_CONTROLLER" });

  expect(refused.refusedBy).toEqual([TO]);
  expect(failed.refusedBy).toEqual([]);
});
