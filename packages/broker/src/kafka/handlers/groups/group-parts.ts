import type { BrokerApi } from "../../../broker-api.ts";

/** What the calls about groups are made of. */
export type GroupParts = { readonly api: Pick<BrokerApi, "groups" | "brokersAt"> };
