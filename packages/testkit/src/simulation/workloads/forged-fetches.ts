import { BROKER_CREDENTIAL_HEADER, encodeMessage } from "@zoolog/protocol";
import { oneOf } from "../chance.ts";
import { ERRAND_MS, Errands } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

/** Above every registration that a world has. */
const LATER_EPOCH = 2 ** 50;

/** As long as a proof of who knows the cluster's secret. */
const NO_PROOF = "A".repeat(43);

/**
 * Somebody outside who fetches in the name of a follower, as far as it says that it has all there is:
 * believed, it would commit what nobody else has.
 */
export function forgedFetches(topic: string, parts: WorkloadParts): Workload {
  return new Errands(
    { name: "forger", meanRestMs: 500 },
    {
      parts,
      errand: async ({ chance, client, complain, transport, world }) => {
        const limits = { timeoutMs: ERRAND_MS };
        const [found, ends] = await Promise.all([
          client.admin.describeTopic(topic, limits),
          client.admin.listOffsets(topic, "latest", limits),
        ]);
        const partition = oneOf(found.partitions, chance);
        if (partition === undefined || "error" in partition) return;
        const { leader, leaderEpoch, partition: index, replicas } = partition;
        const leading = world.hosts.find(({ brokerId }) => brokerId === leader);
        const follower = replicas.find((one) => one !== leader);
        if (leading === undefined || follower === undefined) return;
        const fetchOffset = ends.get(index)?.offset ?? 0;
        const at = { partition: index, currentLeaderEpoch: leaderEpoch, fetchOffset };
        const { status } = await transport.post({
          endpoint: leading.endpoint,
          path: "/v1/replicate",
          contentType: "application/msgpack",
          body: [Buffer.from(encodeMessage(fetchOf(found.topicId, at)))],
          timeoutMs: ERRAND_MS,
          headers: { [BROKER_CREDENTIAL_HEADER]: `${follower}.${LATER_EPOCH}.${NO_PROOF}` },
        });
        if (status === 200) complain(`a forged fetch was served as one of broker ${follower}`);
      },
    },
  );
}

function fetchOf(topicId: string, partition: object): object {
  const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000, session: { id: 0, epoch: -1 } };
  const partitions = [{ ...partition, logStartOffset: 0, partitionMaxBytes: 1_000 }];
  return { ...limits, topics: [{ topicId, partitions }], forgotten: [] };
}
