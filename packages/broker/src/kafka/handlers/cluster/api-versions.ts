import type { KafkaApi, KafkaRequest } from "@zoolog/protocol";
import { announced, type KafkaHandler } from "../../request-dispatch.ts";

/** What a client may call itself (KIP-511). */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** The version in which clients began to say what they are. */
const NAMED_FROM = 3;

/** Announces what is offered: `names` of all calls that have a handler. */
export function apiVersions(names: readonly KafkaApi[]): KafkaHandler<"ApiVersions"> {
  const apiKeys = names.map(announced).sort((a, b) => a.apiKey - b.apiKey);
  return (request, { apiVersion }) => {
    if (apiVersion >= NAMED_FROM && !isNamed(request)) {
      return { errorCode: "INVALID_REQUEST", apiKeys: [] };
    }
    return { apiKeys };
  };
}

function isNamed(request: KafkaRequest<"ApiVersions">): boolean {
  const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
  return SOFTWARE_NAME.test(name) && SOFTWARE_NAME.test(version);
}
