import type { GroupProtocol } from "../group-event.ts";
import type { ClassicMember } from "../state/classic-group.ts";

type Members = ReadonlyMap<string, Pick<ClassicMember, "protocols">>;

/**
 * The protocol of the next generation: of those that all members have, the one that most members
 * name first. `undefined` when they have none in common, which a join never lets happen.
 */
export function chooseProtocol(members: Members): string | undefined {
  const candidates = commonProtocols(members);
  const votes = new Map<string, number>();
  for (const { protocols } of members.values()) {
    const vote = protocols.find(({ name }) => candidates.has(name))?.name;
    if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1);
  }
  let chosen: string | undefined;
  for (const [name, count] of votes) {
    if (chosen === undefined || count > (votes.get(chosen) ?? 0)) chosen = name;
  }
  return chosen;
}

/** The names that all members have; of no members, none. */
export function commonProtocols(members: Members): ReadonlySet<string> {
  let common: Set<string> | undefined;
  for (const { protocols } of members.values()) {
    const names = new Set(protocols.map(({ name }) => name));
    if (common === undefined) common = names;
    else for (const name of common) if (!names.has(name)) common.delete(name);
  }
  return common ?? new Set();
}

/** Whether a member that joins again says the same as before. */
export function sameProtocols(a: readonly GroupProtocol[], b: readonly GroupProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => {
      const other = b[i];
      return other?.name === protocol.name && sameBytes(other.metadata, protocol.metadata);
    })
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function metadataOf(member: Pick<ClassicMember, "protocols">, protocol: string): Uint8Array {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? new Uint8Array();
}
