import type { BrokerEpoch, BrokerId } from "@zoolog/base";
import type { ControllerErrorCode, Refusal } from "../controller-response.ts";
import type { BrokerImage } from "../image/cluster-image.ts";

export function refusal(code: ControllerErrorCode, message: string): Refusal {
  return { code, message };
}

/** A request of an earlier life of a broker, or of one that is not registered (KIP-380). */
export function staleBrokerEpoch(
  request: { readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch },
  registered: BrokerImage | undefined,
): Refusal {
  const now =
    registered === undefined
      ? "it is not registered"
      : `it is registered under broker epoch ${registered.brokerEpoch}`;
  return refusal(
    "STALE_BROKER_EPOCH",
    `broker ${request.brokerId} asked under broker epoch ${request.brokerEpoch}, but ${now}`,
  );
}

export function unknownTopic(name: string): Refusal {
  return refusal("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name}`);
}

export function unknownPartition(topic: string, partition: number): Refusal {
  return refusal("UNKNOWN_TOPIC_OR_PARTITION", `topic ${topic} has no partition ${partition}`);
}
