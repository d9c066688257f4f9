import { decodeMessage, encodeMessage } from "@zoolog/protocol";
import { ERRAND_MS, Errands, type ErrandTools } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

/** Who commits: with the generation of the classic protocol, or its own epoch of the consumer one. */
type Committer = { readonly memberId: string; readonly generationIdOrMemberEpoch: number };

/** Members whose epochs are remembered; of those that were seen last. */
const KNOWN_MAX = 8;

const LIMITS = { timeoutMs: ERRAND_MS };

/**
 * Commits that arrive when their time is over: of a member in a generation or epoch that it has left,
 * and of somebody who never was one. Taken, they would send the whole group back to the beginning.
 */
export function staleCommits(
  about: { readonly topic: string; readonly group: string },
  parts: WorkloadParts,
): Workload {
  const known = new Map<string, number>();
  return new Errands(
    { name: "zombie", meanRestMs: 300 },
    {
      parts,
      errand: async (tools) => {
        const { chance, complain, world } = tools;
        const stale = await staleCommitter(about.group, known, tools);
        const stranger = { memberId: "stranger", generationIdOrMemberEpoch: 1 };
        const committer = stale === undefined || chance.next() < 0.2 ? stranger : stale;
        const offsets = [{ topic: about.topic, partitions: [{ partition: 0, offset: 0 }] }];
        const request = { groupId: about.group, ...committer, topics: offsets };
        // Those that do not coordinate the group refuse it, too.
        for (const { endpoint } of world.hosts) {
          if (!(await isTaken(endpoint, request, tools))) continue;
          const { generationIdOrMemberEpoch: epoch, memberId } = committer;
          complain(`a commit of ${memberId} in epoch ${epoch} was taken`);
        }
      },
    },
  );
}

/** One that was seen in an epoch before the present one, which only grows. */
async function staleCommitter(
  group: string,
  known: Map<string, number>,
  { chance, client }: ErrandTools,
): Promise<Committer | undefined> {
  const { generation, members } = await client.admin.groups.describe(group, LIMITS);
  const stale: Committer[] = [];
  for (const { memberEpoch, memberId } of members) {
    const epoch = memberEpoch ?? generation;
    const before = known.get(memberId);
    if (epoch === undefined) continue;
    if (before !== undefined && before < epoch) {
      stale.push({ memberId, generationIdOrMemberEpoch: before });
    }
    known.delete(memberId);
    known.set(memberId, Math.min(epoch, before ?? epoch));
  }
  const [oldest] = known.keys();
  if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
  return stale[Math.floor(chance.next() * stale.length)];
}

async function isTaken(
  endpoint: string,
  request: object,
  { transport }: ErrandTools,
): Promise<boolean> {
  const { body, status } = await transport.post({
    endpoint,
    path: "/v1/commit-offsets",
    contentType: "application/msgpack",
    body: [Buffer.from(encodeMessage(request))],
    timeoutMs: ERRAND_MS,
    headers: {},
  });
  if (status !== 200) return false;
  const answer = decodeMessage(body).value as {
    readonly topics: readonly { readonly partitions: readonly object[] }[];
  };
  return answer.topics.some(({ partitions }) => partitions.some((one) => !("error" in one)));
}
