import { errorCode, ZoologError } from "@zoolog/base";
import { hostDependencies } from "@zoolog/broker";
import { createLogger, type LogLevel } from "@zoolog/host";
import { startZooKeeperServer } from "@zoolog/zookeeper";
import type { CommandContext } from "../../context.ts";
import { untilAborted } from "../../until-aborted.ts";

export type ZooKeeperOptions = {
  readonly host: string;
  readonly port: number;
  /** `undefined`: in memory only. */
  readonly dataFolder: string | undefined;
  readonly logLevel: LogLevel;
};

/** `zoolog zookeeper`: the embedded server alone, until Ctrl-C. */
export async function zookeeper(context: CommandContext, options: ZooKeeperOptions): Promise<void> {
  const { terminal } = context;
  const { dataFolder, host, port } = options;
  const ended = new AbortController();
  let failure: Error | undefined;
  const server = await startZooKeeperServer(
    { host, port, ...(dataFolder === undefined ? {} : { dataFolder }) },
    {
      ...hostDependencies({ logger: createLogger({ level: options.logLevel }) }),
      onFailure: (error) => {
        failure = error;
        ended.abort();
      },
    },
  ).catch((error: unknown) => {
    throw errorCode(error) === "EADDRINUSE" ? portTaken(port, error) : error;
  });
  try {
    const address = `${server.host}:${server.port}`;
    await context.output.forPrograms({
      address,
      ...(dataFolder === undefined ? {} : { dataFolder }),
    });
    terminal.talk(`ZooKeeper listens at ${address}; Ctrl-C ends it`);
    await Promise.race([untilAborted(terminal.signal), untilAborted(ended.signal)]);
    if (failure !== undefined) throw failure;
    terminal.talk("shutting down");
  } finally {
    await server.close();
  }
}

function portTaken(port: number, cause: unknown): ZoologError {
  return new ZoologError({
    code: "ADDRESS_IN_USE",
    message: `port ${port} is taken by another program`,
    hint: `Is a ZooKeeper running already? If not, choose another port: --port ${port + 1000}.`,
    cause,
  });
}
