import type { ConfigResource } from "@zoolog/client";
import { topicName, usageError } from "../../usage-error.ts";

export type ResourceType = "topic" | "broker";

/** `topic orders`, `broker 2`, `broker default`. @throws ZoologError `USAGE` */
export function configResource(type: ResourceType, name: string): ConfigResource {
  if (type === "topic") return { topic: topicName(name) };
  if (name === "default") return { broker: "default" };
  if (/^\d{1,9}$/.test(name)) return { broker: Number(name) };
  throw usageError(
    `"${name}" is no broker`,
    "Name its id (zoolog broker list), or default for what holds for all brokers.",
  );
}
