import type {
  AlterConfigsRequest,
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from "@zoolog/protocol";
import { requireList, requireTopicName } from "../arguments.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { invalidOption } from "../errors.ts";
import { itemFailure } from "../retriable.ts";
import { type AdminCallOptions, limitsOf } from "./call-options.ts";
import type { DirectedCalls } from "./directed-calls.ts";

/** Whose settings: a topic's, one broker's by its id, or those that hold for all brokers. */
export type ConfigResource =
  | { readonly topic: string }
  | { readonly broker: number }
  | { readonly broker: "default" };

type DescribedResource = Exclude<
  DescribeConfigsResponse["resources"][number],
  { readonly error: unknown }
>;
export type ConfigEntry = DescribedResource["configs"][number];
export type ConfigChange = AlterConfigsRequest["resources"][number]["changes"][number];

/** Settings of topics and brokers. Made by `client.admin.configs`. */
export class ConfigAdmin {
  readonly #cluster: Cluster;
  readonly #calls: DirectedCalls;

  constructor(dependencies: { readonly cluster: Cluster; readonly calls: DirectedCalls }) {
    this.#cluster = dependencies.cluster;
    this.#calls = dependencies.calls;
  }

  /**
   * Settings with their values, where each was set, and what they would be otherwise. A broker is
   * asked itself: nobody else knows its file.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION`, `BROKER_NOT_AVAILABLE`, `INVALID_CONFIG`
   */
  async describe(
    resource: ConfigResource,
    options: AdminCallOptions & { readonly keys?: readonly string[] } = {},
  ): Promise<ConfigEntry[]> {
    requireResource(resource);
    const { keys } = options;
    const limits = limitsOf(options);
    const request: DescribeConfigsRequest = {
      resources: [{ ...nameOf(resource), ...(keys === undefined ? {} : { keys }) }],
    };
    const answer =
      "broker" in resource && resource.broker !== "default"
        ? await this.#calls.broker(resource.broker, "describe-configs", request, limits)
        : await this.#cluster.anyBroker("describe-configs", request, limits);
    return answer.resources.flatMap((entry) => {
      if ("error" in entry) throw itemFailure(textOf(resource), entry.error);
      return entry.configs;
    });
  }

  /**
   * Changes settings while brokers run; all of these changes or none.
   *
   * @throws ZoologError `INVALID_CONFIG`, `UNKNOWN_TOPIC_OR_PARTITION`
   */
  async alter(
    resource: ConfigResource,
    changes: readonly ConfigChange[],
    options: AdminCallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    requireResource(resource);
    requireList("changes", changes);
    const limits = limitsOf(options);
    const { validateOnly = false } = options;
    const resources = [{ ...nameOf(resource), changes }];
    const request = { timeoutMs: limits.timeoutMs, validateOnly, resources };
    const answer = await this.#cluster.anyBroker("alter-configs", request, limits);
    for (const { error } of answer.resources) {
      if (error !== undefined) throw itemFailure(textOf(resource), error);
    }
  }
}

function requireResource(resource: ConfigResource): void {
  const isObject = typeof resource === "object" && resource !== null;
  if (isObject && "topic" in resource) requireTopicName(resource.topic);
  else if (!isObject || !("broker" in resource)) {
    throw invalidOption("resource", 'must be { topic }, { broker: id } or { broker: "default" }');
  }
}

function nameOf(resource: ConfigResource): { type: "topic" | "broker"; name: string } {
  if ("topic" in resource) return { type: "topic", name: resource.topic };
  return { type: "broker", name: String(resource.broker) };
}

function textOf(resource: ConfigResource): string {
  if ("topic" in resource) return `topic ${resource.topic}`;
  return resource.broker === "default" ? "all brokers" : `broker ${resource.broker}`;
}
