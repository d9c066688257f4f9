import type { BrokerEpoch, BrokerId } from "@zoolog/base";

/**
 * Who calls, as far as it was proved. A broker has proved that it knows the cluster's secret, and
 * says with it which of its lives this is; whether that life is over is for the component to find.
 */
export type Principal = { readonly kind: "anonymous" } | BrokerPrincipal;

export type BrokerPrincipal = {
  readonly kind: "broker";
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
};

export const ANONYMOUS: Principal = { kind: "anonymous" };
