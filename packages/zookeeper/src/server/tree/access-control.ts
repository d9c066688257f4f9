import { createHash } from "node:crypto";
import { ACL_PERMISSIONS, type AclEntry } from "../../client/zookeeper-client.ts";

/** Something a connection has proved to be. */
export type Credential = { readonly scheme: string; readonly id: string };

/** Everybody may do everything: the ACL of nearly all znodes, shared to save memory. */
export const OPEN_ACL: readonly AclEntry[] = [
  { scheme: "world", id: "anyone", permissions: ACL_PERMISSIONS.all },
];

/**
 * Does `acl` give one of `permissions` (bits) to one of these credentials? An empty or unknown ACL
 * allows everything, as in ZooKeeper.
 */
export function permits(
  acl: readonly AclEntry[] | undefined,
  permissions: number,
  credentials: readonly Credential[],
): boolean {
  if (acl === undefined || acl === OPEN_ACL || acl.length === 0) return true;
  return acl.some((entry) => {
    if ((entry.permissions & permissions) === 0) return false;
    if (isWorld(entry)) return true;
    return credentials.some((credential) => credentialMatches(entry, credential));
  });
}

/**
 * The ACL to store for the one a client asked for: duplicates dropped, `auth` replaced by what the
 * connection has proved to be. `undefined` when it is not a valid one.
 */
export function resolveAcl(
  requested: readonly AclEntry[],
  credentials: readonly Credential[],
): readonly AclEntry[] | undefined {
  const resolved: AclEntry[] = [];
  for (const entry of withoutDuplicates(requested)) {
    if (isWorld(entry) || isValidIdentity(entry)) {
      resolved.push(entry);
      continue;
    }
    if (entry.scheme !== "auth") return undefined;
    // An address proves nothing about who somebody is, so `auth` does not stand for it.
    const proved = credentials.filter((credential) => credential.scheme === "digest");
    if (proved.length === 0) return undefined;
    for (const { scheme, id } of proved) {
      resolved.push({ scheme, id, permissions: entry.permissions });
    }
  }
  if (resolved.length === 0) return undefined;
  return isOpen(resolved) ? OPEN_ACL : resolved;
}

/** What `user:password` proves: `user:` and the base64 SHA-1 of the whole. */
export function digestCredential(auth: Uint8Array): Credential {
  const text = Buffer.from(auth).toString("utf8");
  const user = text.split(":", 1)[0] ?? "";
  const digest = createHash("sha1").update(text, "utf8").digest("base64");
  return { scheme: "digest", id: `${user}:${digest}` };
}

/** What somebody without ADMIN may see of an ACL: users, not their password hashes. */
export function withoutDigests(acl: readonly AclEntry[]): readonly AclEntry[] {
  return acl.map((entry) =>
    entry.scheme === "digest" ? { ...entry, id: entry.id.replace(/:.*/s, ":x") } : entry,
  );
}

export function isOpen(acl: readonly AclEntry[]): boolean {
  const [entry, ...others] = acl;
  if (entry === undefined || others.length > 0) return false;
  return isWorld(entry) && entry.permissions === ACL_PERMISSIONS.all;
}

function isWorld(entry: AclEntry): boolean {
  return entry.scheme === "world" && entry.id === "anyone";
}

function withoutDuplicates(acl: readonly AclEntry[]): readonly AclEntry[] {
  if (acl.length < 2) return acl;
  const seen = new Set<string>();
  return acl.filter((entry) => {
    const key = JSON.stringify([entry.permissions, entry.scheme, entry.id]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function isValidIdentity(entry: AclEntry): boolean {
  switch (entry.scheme) {
    case "digest":
      return /^[^:]*:[^:]+:*$/.test(entry.id);
    case "ip":
      return addressRange(entry.id) !== undefined;
    default:
      return false;
  }
}

function credentialMatches(entry: AclEntry, credential: Credential): boolean {
  if (entry.scheme !== credential.scheme) return false;
  if (entry.scheme !== "ip") return entry.id === credential.id;
  const range = addressRange(entry.id);
  const address = ipv4Number(credential.id);
  if (range === undefined || address === undefined) return false;
  return (address & range.mask) === (range.address & range.mask);
}

/** `10.0.0.0/8` or one address. IPv4 only, as in ZooKeeper. */
function addressRange(text: string): { address: number; mask: number } | undefined {
  const [host = "", bitsText] = text.split(/\/(.*)/s, 2);
  const address = ipv4Number(host);
  if (address === undefined) return undefined;
  if (bitsText !== undefined && !/^\d{1,2}$/.test(bitsText)) return undefined;
  const bits = bitsText === undefined ? 32 : Number(bitsText);
  if (bits > 32) return undefined;
  return { address, mask: bits === 0 ? 0 : -1 << (32 - bits) };
}

function ipv4Number(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((number, part) => (number << 8) | part, 0);
}
