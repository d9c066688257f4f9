/** Milliseconds by the machine's monotonic clock: one time for all processes of a run. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
