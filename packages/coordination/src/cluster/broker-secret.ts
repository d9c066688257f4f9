import { malformed } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { BROKER_SECRET_PATH } from "../paths.ts";
import type { CoordinationSession } from "../session.ts";
import { decodeBrokerSecret, encodeBrokerSecret } from "../znodes/id-znodes.ts";
import { createIfMissing } from "./cluster-identity.ts";

/** What brokers prove by it, and what that is worth: docs/decisions/012-brokers-credential.md. */
export async function ensureBrokerSecret(
  session: CoordinationSession,
  candidate: string,
): Promise<string> {
  await createIfMissing(session, BROKER_SECRET_PATH, encodeBrokerSecret(candidate));
  const znode = await session.read((client) => ifThere(client.getData(BROKER_SECRET_PATH)));
  // Going on with a secret that others cannot read would only look like a cluster.
  if (znode === undefined) throw malformed(BROKER_SECRET_PATH, "is gone again");
  return decodeBrokerSecret(znode.data);
}
