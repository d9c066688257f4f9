import { type BrokerId, errorMessage, inParallel } from "@zoolog/base";
import {
  type AlterConfigsEvent,
  CLUSTER_CONFIG_NAME,
  type ClusterImage,
  type ConfigChange,
  type ConfigOverrides,
} from "@zoolog/controller";
import type {
  AlterConfigsRequest,
  AlterConfigsResponse,
  DescribeConfigsRequest,
  DescribeConfigsResponse,
  ItemError,
} from "@zoolog/protocol";
import { httpAddressOf, urlOf } from "../broker-address.ts";
import {
  type ConfigEntry,
  describeBrokerConfigs,
  describeClusterConfigs,
  describeTopicConfigs,
  unknownKeyFault,
} from "../config/describe-config.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { Principal } from "../principal.ts";
import { requestTimedOut } from "../runtimes/errors.ts";
import { within } from "../within.ts";
import { atController, type ControllerCallDependencies, itemError } from "./at-controller.ts";
import { resourceNamedTwice } from "./errors.ts";

export type ConfigCallDependencies = ControllerCallDependencies & {
  readonly brokerId: BrokerId;
  readonly live: LiveConfig;
  /** @throws ZoologError `LEADER_NOT_AVAILABLE` */
  readonly image: () => ClusterImage;
};

type AskedResource = DescribeConfigsRequest["resources"][number];
type DescribedResource = DescribeConfigsResponse["resources"][number];
type AlteredResource = AlterConfigsRequest["resources"][number];

/** What another broker may take to describe itself. */
const DESCRIBE_TIMEOUT_MS = 10_000;

/** Brokers that are asked at a time. */
const DESCRIBED_AT_ONCE = 16;

/**
 * Of topics and of what stands for all brokers any broker knows; of the configuration of one broker
 * only that one, so it is asked.
 */
export async function describeConfigs(
  request: DescribeConfigsRequest,
  caller: Principal,
  dependencies: ConfigCallDependencies,
): Promise<DescribeConfigsResponse> {
  requireDistinct(request.resources);
  const limits = { atOnceMax: DESCRIBED_AT_ONCE };
  const resources = await inParallel(request.resources, limits, (asked) =>
    describeOne(asked, caller, dependencies),
  );
  return { resources };
}

/** What is told of one is a thousand times longer than its name. */
function requireDistinct(resources: readonly Pick<AskedResource, "type" | "name">[]): void {
  const seen = new Set<string>();
  for (const resource of resources) {
    const key = `${resource.type} ${storedName(resource)}`;
    if (seen.has(key)) throw resourceNamedTwice(key);
    seen.add(key);
  }
}

async function describeOne(
  asked: AskedResource,
  caller: Principal,
  dependencies: ConfigCallDependencies,
): Promise<DescribedResource> {
  const { type, name, keys } = asked;
  const unknown = keys
    ?.map((key) => unknownKeyFault(type, key))
    .find((fault) => fault !== undefined);
  if (unknown !== undefined)
    return { type, name, error: { code: "INVALID_CONFIG", message: unknown } };
  const found =
    type === "topic"
      ? describeTopic(name, dependencies)
      : await describeBroker(asked, caller, dependencies);
  if ("code" in found) return { type, name, error: found };
  const configs = found.filter((entry) => keys === undefined || keys.includes(entry.name));
  return { type, name, configs };
}

function describeTopic(
  name: string,
  { image, live }: ConfigCallDependencies,
): readonly ConfigEntry[] | ItemError {
  const topic = image().topics.get(name);
  if (topic !== undefined) return describeTopicConfigs(topic.configs, live);
  return { code: "UNKNOWN_TOPIC_OR_PARTITION", message: `there is no topic ${name}` };
}

async function describeBroker(
  asked: AskedResource,
  caller: Principal,
  { image, live, brokerId, peers }: ConfigCallDependencies,
): Promise<readonly ConfigEntry[] | ItemError> {
  const name = storedName(asked);
  if (name === CLUSTER_CONFIG_NAME) {
    return describeClusterConfigs(image().brokerConfigs.get(name) ?? {});
  }
  if (name === String(brokerId)) return describeBrokerConfigs(live);
  const broker = [...image().brokers.values()].find((other) => String(other.brokerId) === name);
  const address = broker === undefined ? undefined : httpAddressOf(broker.endpoints);
  if (address === undefined || caller.kind === "broker") {
    return { code: "BROKER_NOT_AVAILABLE", message: `broker ${name} is not there` };
  }
  const request = { resources: [asked] };
  const options = { timeoutMs: DESCRIBE_TIMEOUT_MS };
  const unanswered = (why: string): ItemError => {
    return { code: "BROKER_NOT_AVAILABLE", message: `broker ${name} did not answer: ${why}` };
  };
  try {
    const answer = await peers.call(urlOf(address), "describe-configs", request, options);
    const [described] = answer.resources;
    if (described === undefined) return unanswered("it said nothing");
    return "error" in described ? described.error : described.configs;
  } catch (error) {
    return unanswered(errorMessage(error));
  }
}

/** Asks the controller, then waits until this broker goes by what was changed. */
export async function alterConfigs(
  request: AlterConfigsRequest,
  caller: Principal,
  dependencies: ConfigCallDependencies,
): Promise<AlterConfigsResponse> {
  const { peers } = dependencies;
  requireDistinct(request.resources);
  return atController(request, caller, dependencies, {
    here: (timeLeft) => alterHere({ ...request, ...timeLeft }, dependencies),
    there: async (endpoint, timeLeft, options) => {
      const passed = { ...request, ...timeLeft };
      const response = await peers.call(endpoint, "alter-configs", passed, options);
      if (!request.validateOnly) {
        await areInEffect(request, response, timeLeft.timeoutMs, dependencies);
      }
      return response;
    },
  });
}

async function alterHere(
  request: AlterConfigsRequest,
  dependencies: ConfigCallDependencies,
): Promise<AlterConfigsResponse> {
  const { controller, clock, scheduler } = dependencies;
  const { validateOnly, timeoutMs } = request;
  const deadline = clock.monotonic() + timeoutMs;
  const faults = request.resources.map(messageFault);
  const sound = request.resources.filter((_, i) => faults[i] === undefined);
  const event = {
    type: "alterConfigs",
    validateOnly,
    alterations: sound.map((resource) => ({
      kind: resource.type,
      name: storedName(resource),
      changes: resource.changes.map(changeOf),
    })),
  } as const;
  const altered = await within(controller.submit<AlterConfigsEvent>(event), {
    timeoutMs,
    scheduler,
    onTimeout: () => requestTimedOut("the change of settings"),
  });
  const results = altered.resources[Symbol.iterator]();
  const response = {
    resources: request.resources.map(({ type, name }, i) => {
      const fault = faults[i] ?? results.next().value?.error;
      return fault === undefined ? { type, name } : { type, name, error: itemError(fault) };
    }),
  };
  if (!validateOnly) {
    const left = Math.max(0, deadline - clock.monotonic());
    await areInEffect(request, response, left, dependencies);
  }
  return response;
}

function messageFault({ changes }: AlteredResource) {
  const bare = changes.find(
    ({ operation, value }) => operation !== "delete" && value === undefined,
  );
  if (bare === undefined) return undefined;
  const message = `"${bare.name}" has no value to ${bare.operation}`;
  return { code: "INVALID_REQUEST", message } as const;
}

function changeOf({ name, operation, value }: AlteredResource["changes"][number]): ConfigChange {
  if (operation === "delete" || value === undefined) return { name, operation: "delete" };
  return { name, operation, value };
}

async function areInEffect(
  request: AlterConfigsRequest,
  { resources }: AlterConfigsResponse,
  timeoutMs: number,
  { cache }: ConfigCallDependencies,
): Promise<void> {
  const done = request.resources.filter((_, i) => resources[i]?.error === undefined);
  await cache.waitFor(
    (image) =>
      done.every((resource) => {
        const overrides = overridesIn(image, resource);
        if (overrides === undefined) return true;
        return resource.changes.every(({ name, operation, value }) => {
          if (operation === "delete") return overrides[name] === undefined;
          return operation !== "set" || overrides[name] === value;
        });
      }),
    timeoutMs,
  );
}

function overridesIn(image: ClusterImage, resource: AlteredResource): ConfigOverrides | undefined {
  if (resource.type === "topic") return image.topics.get(resource.name)?.configs;
  return image.brokerConfigs.get(storedName(resource)) ?? {};
}

/** People and messages say `default`; in ZooKeeper it is Kafka's name for it. */
function storedName({ type, name }: Pick<AskedResource, "type" | "name">): string {
  return type === "broker" && name === "default" ? CLUSTER_CONFIG_NAME : name;
}
