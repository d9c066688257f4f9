import { API_KEYS, type ApiName } from "./api-keys.ts";
import { type MessageBody, messageBody, type VersionRange } from "./schema/compile-message.ts";
import type { Fields, ReadOf, WrittenOf } from "./schema/message-schema.ts";

/** A call of Kafka's protocol: both of its messages in every version that is spoken here. */
export type KafkaMessage<Request extends Fields, Response extends Fields> = {
  readonly name: ApiName;
  readonly key: number;
  /** Versions that are read and answered. */
  readonly versions: VersionRange;
  /** The first version to announce, where that is not the first one read. */
  readonly announcedFrom: number;
  /** The first version with compact encodings and tagged fields (KIP-482); `Infinity` for none. */
  readonly flexibleFrom: number;
  readonly request: MessageBody<ReadOf<Request>, WrittenOf<Request>>;
  readonly response: MessageBody<ReadOf<Response>, WrittenOf<Response>>;
};

export function defineMessage<Request extends Fields, Response extends Fields>(definition: {
  readonly name: ApiName;
  readonly versions: VersionRange;
  readonly announcedFrom?: number;
  readonly flexibleFrom?: number;
  readonly request: Request;
  readonly response: Response;
}): KafkaMessage<Request, Response> {
  const { name, versions } = definition;
  const flexibleFrom = definition.flexibleFrom ?? Number.POSITIVE_INFINITY;
  return {
    name,
    key: API_KEYS[name],
    versions,
    announcedFrom: definition.announcedFrom ?? versions[0],
    flexibleFrom,
    request: messageBody(definition.request, { versions, flexibleFrom }),
    response: messageBody(definition.response, { versions, flexibleFrom }),
  };
}
