import type { JuteReader } from "../../jute/jute-reader.ts";
import type { ClientConnection } from "../sessions/client-connection.ts";
import { digestCredential } from "../tree/access-control.ts";

/** Nobody is that many people; each one costs every permission check. */
const CREDENTIALS_PER_CONNECTION_MAX = 100;

/** Takes a credential for the connection, or says that it is none that counts here. */
export function authenticate(
  connection: ClientConnection,
  reader: JuteReader,
): "AUTH_FAILED" | undefined {
  reader.int(); // A type that nobody uses.
  const scheme = reader.string();
  const auth = reader.buffer();
  const hasRoom = connection.credentials.length < CREDENTIALS_PER_CONNECTION_MAX;
  const isDigest = scheme === "digest" && auth !== undefined;
  // The address was taken down already when the connection was accepted.
  if (!hasRoom || !(isDigest || scheme === "ip")) return "AUTH_FAILED";
  if (isDigest) connection.addCredential(digestCredential(auth));
  return undefined;
}
