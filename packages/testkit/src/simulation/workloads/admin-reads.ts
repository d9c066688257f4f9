import type { Admin } from "@zoolog/client";
import { oneOf } from "../chance.ts";
import { ERRAND_MS, Errands } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

const LIMITS = { timeoutMs: ERRAND_MS };
/** An answer that is later than its limit by so much was forgotten, ms. */
const LATE_MS = 5_000;

type Look = (
  admin: Admin,
  about: { readonly topic: string; readonly group: string },
) => Promise<unknown>;

const LOOKS: Readonly<Record<string, Look>> = {
  listTopics: (admin) => admin.listTopics(LIMITS),
  describeTopic: (admin, { topic }) => admin.describeTopic(topic, LIMITS),
  describeReplicas: (admin) => admin.describeReplicas(LIMITS),
  describeCluster: (admin) => admin.describeCluster(LIMITS),
  listOffsets: (admin, { topic }) => admin.listOffsets(topic, "maxTimestamp", LIMITS),
  describeTopicConfigs: (admin, { topic }) => admin.configs.describe({ topic }, LIMITS),
  describeBrokerConfigs: (admin) => admin.configs.describe({ broker: 1 }, LIMITS),
  listGroups: (admin) => admin.groups.list(LIMITS),
  describeGroup: (admin, { group }) => admin.groups.describe(group, LIMITS),
  groupLag: (admin, { group }) => admin.groups.lag(group, LIMITS),
  groupOffsets: (admin, { group }) => admin.groups.offsets(group, LIMITS),
};

/** What an operator looks at; each answer, or failure, comes within its limit. */
export function adminReads(
  about: { readonly topic: string; readonly group: string },
  parts: WorkloadParts,
): Workload {
  return new Errands(
    { name: "looker", meanRestMs: 400 },
    {
      parts,
      errand: async ({ chance, client, complain, world }) => {
        const names = Object.keys(LOOKS);
        const name = oneOf(names, chance) ?? "";
        const beganAt = world.schedule.nowMs;
        try {
          await LOOKS[name]?.(client.admin, about);
        } finally {
          const tookMs = world.schedule.nowMs - beganAt;
          if (tookMs > ERRAND_MS + LATE_MS) complain(`${name} took ${Math.round(tookMs)} ms`);
        }
      },
    },
  );
}
