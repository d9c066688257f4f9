import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  boolean,
  error,
  int16,
  int32,
  int64,
  string,
  struct,
} from "../../schema/message-schema.ts";

/**
 * Which calls a broker offers, in which versions: a client's first question (KIP-35).
 *
 * - 1: throttle time. 2: the broker answers before it throttles (KIP-219).
 * - 3: flexible; the client says what it is (KIP-511), the broker which features it has (KIP-584).
 * - 4: a feature may begin at level 0 (KIP-1022); no other bytes.
 *
 * The answer's header stays version 0 for ever, and the answer to a version that the broker does not
 * have is one of version 0 with `UNSUPPORTED_VERSION`: a client reads it before it knows anything.
 */
export const apiVersions = defineMessage({
  name: "ApiVersions",
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    clientSoftwareName: string({ from: 3 }),
    clientSoftwareVersion: string({ from: 3 }),
  },
  response: {
    errorCode: error(),
    apiKeys: array(struct({ apiKey: int16(), minVersion: int16(), maxVersion: int16() })),
    throttleTimeMs: int32({ from: 1 }),
    supportedFeatures: array(struct({ name: string(), minVersion: int16(), maxVersion: int16() }), {
      from: 3,
      tag: 0,
    }),
    finalizedFeaturesEpoch: int64({ from: 3, tag: 1, absent: -1 }),
    finalizedFeatures: array(
      struct({ name: string(), maxVersionLevel: int16(), minVersionLevel: int16() }),
      { from: 3, tag: 2 },
    ),
    zkMigrationReady: boolean({ from: 3, tag: 3 }),
  },
});
