import type { BrokerApi } from "../../broker-api.ts";

/** What handlers are made of. */
export type HandlerParts = { readonly api: BrokerApi };
