import type { LogFields, Logger } from "@zoolog/base";
import type { Trace } from "@zoolog/testkit";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Lines of a broker's log, where its events are: between those that brought them about. */
export function tracingLogger(trace: Trace, fields: LogFields = {}): Logger {
  const actor = actorOf(fields);
  const line =
    (level: string) =>
    (event: string, more: LogFields = {}) =>
      trace.tell(actorOf(more) ?? actor ?? "world", `log ${level}`, textOf(event, fields, more));
  const [debug, info, warn, error] = LEVELS;
  return {
    debug: line(debug),
    info: line(info),
    warn: line(warn),
    error: line(error),
    child: (more) => tracingLogger(trace, { ...fields, ...more }),
  };
}

function actorOf({ brokerId, host }: LogFields): string | undefined {
  if (typeof host === "string") return host;
  return typeof brokerId === "number" ? `broker-${brokerId}` : undefined;
}

function textOf(event: string, ...fields: readonly LogFields[]): string {
  const { brokerId: _, host: __, ...told } = Object.assign({}, ...fields) as LogFields;
  const words = Object.entries(told).map(([name, value]) => `${name} ${shown(value)}`);
  return words.length === 0 ? event : `${event}: ${words.join(", ")}`;
}

function shown(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : JSON.stringify(value);
}
