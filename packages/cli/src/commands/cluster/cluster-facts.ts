import { lookup } from "node:dns/promises";
import { errorMessage, sleep } from "@zoolog/base";
import type { Client, GroupListing } from "@zoolog/client";
import { systemClock, systemScheduler } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { type BrokerFacts, brokerFacts } from "../broker/broker-facts.ts";
import { type Endpoints, kafkaEndpointsOf, kafkaListenersOf } from "../broker/kafka-address.ts";
import type { BrokerHealth, ClusterFacts } from "./findings.ts";

/** Brokers answer `/health/ready` from memory. */
const HEALTH_TIMEOUT_MS = 2_000;
/** So many names hash to every one of the 64 slots. */
const SLOT_PROBES = 512;
/** A rebalance that is still under way after this is looked at as stuck. */
const REBALANCE_PATIENCE_MS = 3_000;

const REBALANCING: ReadonlySet<GroupListing["state"]> = new Set([
  "preparingRebalance",
  "completingRebalance",
  "assigning",
]);

/** Everything that the doctor judges. What cannot be asked is a fact as well. */
export async function gatherFacts(context: CommandContext, client: Client): Promise<ClusterFacts> {
  const { limits } = context;
  const { admin } = client;
  const cluster = await admin.describeCluster(limits);
  const unknown: string[] = [];
  const asked = async <T>(what: string, otherwise: T, task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      limits.signal.throwIfAborted();
      unknown.push(`${what} (${errorMessage(error)})`);
      return otherwise;
    }
  };
  const brokers = await brokerFacts(context, client, cluster);
  const health = await Promise.all(brokers.map((broker) => healthOf(broker, limits.signal)));
  const topics = await asked("topics", [], () => admin.listTopics(limits));
  const probes = Array.from({ length: SLOT_PROBES }, (_, index) => `doctor-${index}`);
  const coordinators = await asked("coordinators of groups", new Map<string, number>(), () =>
    admin.groups.coordinators(probes, limits),
  );
  const groups = await asked("groups", [], () => admin.groups.list(limits));
  const lags = await asked("lag of groups", [], () => admin.groups.lags(groups, limits));
  const stuckGroups = await asked("groups that rebalance", [], () =>
    stuck(client, context, groups),
  );
  return {
    controllerId: cluster.controllerId,
    brokers: health,
    topics,
    slotsProbed: coordinators.size,
    slotsWithoutCoordinator: [...coordinators.values()].filter((id) => id === undefined).length,
    groups,
    stuckGroups,
    lags,
    unknown,
  };
}

async function healthOf(broker: BrokerFacts, signal: AbortSignal): Promise<BrokerHealth> {
  const { brokerId, offlineReplicas, silent, url, version } = broker;
  const { diskFreeBytes, diskReservedBytes, diskTotalBytes } = broker;
  const disk = { diskFreeBytes, diskReservedBytes, diskTotalBytes };
  const zookeeper = broker.zookeeper?.state;
  const kafkaListeners = broker.endpoints && kafkaListenersOf(broker.endpoints);
  const known = { brokerId, url, silent, version, offlineReplicas, ...disk, zookeeper };
  const unresolvedKafka = await unresolved(kafkaEndpointsOf(broker.endpoints ?? []));
  const own = { ...known, kafkaListeners, unresolvedKafka };
  try {
    const sentAt = systemClock.now();
    const answer = await fetch(new URL("/health/ready", url), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_TIMEOUT_MS)]),
    });
    const receivedAt = systemClock.now();
    const body = (await answer.json()) as { ready?: boolean; reasons?: readonly string[] };
    const saidAt = Date.parse(answer.headers.get("date") ?? "");
    const ours = (sentAt + receivedAt) / 2;
    return {
      ...own,
      ready: body.ready,
      reasons: body.reasons ?? [],
      ...(Number.isNaN(saidAt) ? {} : { clockOffsetMs: saidAt - ours }),
    };
  } catch {
    signal.throwIfAborted();
    // `silent` has it where it matters: the call that failed before this one.
    return { ...own, reasons: [] };
  }
}

/** Endpoints whose host has no address that a client on this machine would find. */
async function unresolved(endpoints: Endpoints): Promise<Endpoints> {
  const found = endpoints.map((endpoint) =>
    lookup(endpoint.host).then(
      () => [],
      () => [endpoint],
    ),
  );
  return (await Promise.all(found)).flat();
}

/** Groups that rebalance now, and still do a little later, in the same state. */
async function stuck(
  { admin }: Client,
  { limits }: CommandContext,
  groups: readonly GroupListing[],
): Promise<GroupListing[]> {
  const rebalancing = new Map(
    groups.filter(({ state }) => REBALANCING.has(state)).map((it) => [it.group, it.state]),
  );
  if (rebalancing.size === 0) return [];
  await sleep(systemScheduler, REBALANCE_PATIENCE_MS, limits.signal);
  const later = await admin.groups.list(limits);
  return later.filter(({ group, state }) => rebalancing.get(group) === state);
}
