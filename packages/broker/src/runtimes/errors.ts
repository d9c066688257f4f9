import { type BrokerId, ZoologError } from "@zoolog/base";

/** Refusals and failures of the runtimes. */

export function notController(controllerId?: BrokerId): ZoologError {
  const where = controllerId === undefined ? "nobody is" : `broker ${controllerId} is`;
  return new ZoologError({
    code: "NOT_CONTROLLER",
    message: `this broker is not the controller, ${where}`,
    retriable: true,
    hint: "Ask the broker that metadata names as controller, or try again in a moment.",
  });
}

export function controllerBusy(): ZoologError {
  return new ZoologError({
    code: "THROTTLING_QUOTA_EXCEEDED",
    message: "too many requests wait for the controller",
    retriable: true,
    hint: "Slow down and try again.",
  });
}

export function brokerNotAvailable(brokerId: BrokerId): ZoologError {
  return new ZoologError({
    code: "BROKER_NOT_AVAILABLE",
    message: `broker ${brokerId} cannot be reached: no address of it is known`,
    retriable: true,
    hint: "Wait until it has registered.",
  });
}

export function coordinationUnavailable(): ZoologError {
  return new ZoologError({
    code: "COORDINATION_UNAVAILABLE",
    message: "ZooKeeper does not answer, so nothing can be administered now",
    retriable: true,
    hint: "Check that the ensemble runs and has a quorum; this broker goes on by itself after that.",
  });
}

export function notRegistered(): ZoologError {
  return new ZoologError({
    code: "BROKER_ID_NOT_REGISTERED",
    message: "this broker is not registered in ZooKeeper, so no other one would know it",
    retriable: true,
    hint: "It registers by itself as soon as ZooKeeper answers.",
  });
}

/** There is data of a cluster, and ZooKeeper has none: whoever began one here would lock the data out. */
export function clusterIsGone(
  dataFolder: string,
  clusterId: string,
  zookeeper: string,
): ZoologError {
  return new ZoologError({
    code: "INCONSISTENT_CLUSTER_ID",
    message: `${dataFolder} belongs to cluster ${clusterId}, and ZooKeeper holds no cluster at ${zookeeper}: /cluster/id is gone`,
    hint: "Is it the right ensemble and chroot (zookeeper.connect)? If its data was lost, restore it from a backup; to begin a new cluster, start every broker on an empty data folder.",
  });
}

export function requestTimedOut(what: string): ZoologError {
  return new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: `${what} was not done in time; it may still happen`,
    retriable: true,
    hint: "Look at the result before trying again, or give it more time.",
  });
}

export function invalidIdAndEpoch(): ZoologError {
  return new ZoologError({
    code: "INVALID_REQUEST",
    message: "a producer id and its epoch go together, and neither is negative",
    hint: "Leave both away for a new id.",
  });
}

export function transactionsNotServed(): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_VERSION",
    message: "this broker does not serve transactions yet",
    hint: "Leave transactionalId away: an idempotent producer writes each batch once.",
  });
}
