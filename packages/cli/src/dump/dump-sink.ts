/** One thing that a dump finds. */
export type DumpLine = Readonly<Record<string, unknown>> & { readonly kind: string };

/** Where a dump's findings go. */
export type DumpSink = {
  readonly print: (line: DumpLine) => Promise<void>;
  /** Something is not as it should be; the dump goes on where it can. */
  readonly fault: (line: DumpLine) => Promise<void>;
};
