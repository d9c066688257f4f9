import type { ClientDependencies, Client as SdkClient } from "@zoolog/client";
import { DEFAULT_BOOTSTRAP, type GlobalOptions } from "./global-options.ts";
import { type Colours, coloursFor } from "./output/colour.ts";
import { Output } from "./output/output.ts";
import type { Terminal } from "./terminal.ts";
import { usageError } from "./usage-error.ts";

/** A person waits: when nobody listens at all, a few more attempts are enough. */
const UNREACHABLE_TIMEOUT_MS = 1_500;

/** What a command is given besides its own arguments. */
export class CommandContext {
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  readonly output: Output;
  readonly colours: Colours;
  readonly #clientDependencies: ClientDependencies;

  constructor(
    options: GlobalOptions,
    dependencies: { readonly terminal: Terminal; readonly clientDependencies: ClientDependencies },
  ) {
    const { clientDependencies, terminal } = dependencies;
    this.terminal = terminal;
    this.options = options;
    this.#clientDependencies = clientDependencies;
    this.colours = coloursFor(options.color, { isTty: terminal.stderrIsTty }, terminal.env);
    const stdoutColours = coloursFor(options.color, { isTty: terminal.stdoutIsTty }, terminal.env);
    this.output = new Output({ format: options.output, terminal, colours: stdoutColours });
  }

  /** Brokers from `--bootstrap`, else from `ZOOLOG_BOOTSTRAP`, else the one of `zoolog dev`. */
  get brokers(): readonly string[] {
    if (this.options.bootstrap !== undefined) return this.options.bootstrap;
    return brokerList(this.terminal.env["ZOOLOG_BOOTSTRAP"] ?? DEFAULT_BOOTSTRAP);
  }

  /** What administrative calls are given. */
  get limits(): { readonly timeoutMs: number; readonly signal: AbortSignal } {
    return { timeoutMs: this.options.timeout, signal: this.terminal.signal };
  }

  /** Does something with a client and closes it in any case. */
  async withClient<T>(task: (client: SdkClient) => Promise<T>): Promise<T> {
    const { Client } = await import("@zoolog/client");
    const options = {
      brokers: this.brokers,
      clientId: "zoolog-cli",
      requestTimeoutMs: this.options.timeout,
      connectTimeoutMs: Math.min(this.options.timeout, 5_000),
      unreachableTimeoutMs: UNREACHABLE_TIMEOUT_MS,
    };
    const client = new Client(options, this.#clientDependencies);
    try {
      return await task(client);
    } finally {
      await client.close();
    }
  }
}

/** Broker addresses as the SDK takes them: `host`, `host:port` or URLs, separated by commas. */
export function brokerList(text: string): string[] {
  const entries = text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  if (entries.length === 0) {
    throw usageError(
      "--bootstrap, or ZOOLOG_BOOTSTRAP, names no broker",
      "Write host:8092,host:8092.",
    );
  }
  return entries;
}
