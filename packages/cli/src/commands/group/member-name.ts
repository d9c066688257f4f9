type Named = {
  readonly memberId?: string;
  readonly groupInstanceId?: string;
  readonly clientId?: string;
};

/** Of a member's id, which is a random one: enough to tell apart members of one client id. */
const ID_COLUMNS = 6;

/**
 * What people know a member by, in at most `columnsMax`: the instance id that it was given, else its
 * client id and the beginning of what the member id adds to that.
 */
export function memberName(
  { clientId = "", groupInstanceId, memberId }: Named,
  columnsMax: number,
): string | undefined {
  if (groupInstanceId !== undefined) return shortened(groupInstanceId, columnsMax);
  if (memberId === undefined || clientId === "") return memberId && shortened(memberId, columnsMax);
  const own = memberId.startsWith(`${clientId}-`) ? memberId.slice(clientId.length + 1) : memberId;
  const end = `-${own.slice(0, ID_COLUMNS)}`;
  return `${shortened(clientId, columnsMax - end.length)}${end}`;
}

export function shortened(text: string, columnsMax: number): string {
  return text.length <= columnsMax ? text : `${text.slice(0, columnsMax - 1)}…`;
}
