import type { GroupCoordinator } from "../../groups/group-coordinator.ts";

/**
 * How many partitions of topics a classic group has given out. A static leader that comes back goes on
 * with what its former process assigned (KIP-814): partitions that were added meanwhile are nobody's,
 * and who takes today's counts for those of the assignment never finds out.
 */
export async function assignedCounts(
  asked: { readonly group: string; readonly topics: readonly string[] },
  coordinator: GroupCoordinator,
  limits: Parameters<GroupCoordinator["attempt"]>[2],
): Promise<ReadonlyMap<string, number>> {
  const request = { groups: [asked.group] };
  const { groups } = await coordinator.attempt("describe-groups", request, limits);
  const counts = new Map(asked.topics.map((topic) => [topic, 0]));
  const members = groups.flatMap((found) => ("error" in found ? [] : found.members));
  for (const { partitions, topic } of members.flatMap(({ assignment }) => assignment)) {
    counts.set(topic, (counts.get(topic) ?? 0) + partitions.length);
  }
  return counts;
}
