import { type Timestamp, unreachable } from "@zoolog/base";
import type { ControllerEvent } from "./controller-event.ts";
import type { Decision } from "./decision.ts";
import { decideAlterConfigs, decideConfigsObserved } from "./decisions/alter-configs.ts";
import { decideAlterPartition } from "./decisions/alter-partition.ts";
import {
  decideBrokersObserved,
  decideControlledShutdown,
  decideReachability,
} from "./decisions/broker-changes.ts";
import { decideSlotsObserved } from "./decisions/coordinator-slots.ts";
import { decideCreatePartitions } from "./decisions/create-partitions.ts";

import { decideCreateTopics } from "./decisions/create-topics.ts";
import {
  decideDeleteTopics,
  decideReplicasDeleted,
  unfinishedDeletions,
} from "./decisions/delete-topics.ts";
import {
  decideElectLeaders,
  decideLeaderImbalance,
  imbalanceTimer,
} from "./decisions/elect-leaders.ts";
import { reconcileCluster } from "./decisions/reconcile.ts";
import { decidePartitionsObserved, decideReplicasOffline } from "./decisions/replica-changes.ts";
import type { ControllerState } from "./state/controller-state.ts";

/**
 * What the controller wants done about `event`. Pure: the same arguments give the same decision.
 *
 * The runtime decides one event at a time: until a decision's records are persisted and applied, no
 * other event is decided. When ZooKeeper refuses some of them (`conflict`), it applies the others,
 * reads what stands there, and decides `partitionsObserved` or `slotsObserved` with it.
 */
export function decide(state: ControllerState, event: ControllerEvent, now: Timestamp): Decision {
  switch (event.type) {
    case "controllerElected":
      return {
        records: [...unfinishedDeletions(state), ...reconcileCluster(state, "controller elected")],
        replies: [],
        timers: imbalanceTimer(state),
      };
    case "brokersObserved":
      return decideBrokersObserved(state, event.brokers);
    case "brokerUnreachable":
    case "brokerReachable":
      return decideReachability(state, event);
    case "partitionsObserved":
      return decidePartitionsObserved(state, event.partitions);
    case "configsObserved":
      return decideConfigsObserved(state, event);
    case "slotsObserved":
      return decideSlotsObserved(state, event.slots);
    case "createTopics":
      return decideCreateTopics(state, event);
    case "createPartitions":
      return decideCreatePartitions(state, event);
    case "deleteTopics":
      return decideDeleteTopics(state, event);
    case "alterConfigs":
      return decideAlterConfigs(state, event);
    case "alterPartition":
      return decideAlterPartition(state, event);
    case "replicasOffline":
      return decideReplicasOffline(state, event, now);
    case "replicasDeleted":
      return decideReplicasDeleted(state, event);
    case "controlledShutdown":
      return decideControlledShutdown(state, event);
    case "electLeaders":
      return decideElectLeaders(state, event);
    case "timerFired":
      return decideLeaderImbalance(state);
    default:
      return unreachable(event);
  }
}
