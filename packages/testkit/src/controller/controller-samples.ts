import type { ControllerSettings } from "@zoolog/controller";

/** A controller's settings with what the test cares about; nothing moves by itself. */
export function sampleControllerSettings(
  changes: Partial<ControllerSettings> = {},
): ControllerSettings {
  return {
    coordinatorSlots: 0,
    defaultPartitions: 1,
    defaultReplicationFactor: 1,
    uncleanLeaderElection: false,
    deleteTopicEnabled: true,
    leaderRebalance: undefined,
    configs: { fault: () => undefined, listDefault: () => undefined },
    ...changes,
  };
}
