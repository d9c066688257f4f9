/** A process that closed its clients, or never got one, ends by itself. */
import { spawn } from "node:child_process";
import { HostileZooKeeper, TcpProxy } from "@zoolog/testkit";
import { BACKENDS, type RunningBackend } from "./backends.ts";

const PRELUDE = `
  import { silentLogger as logger } from "@zoolog/base";
  import { systemClock as clock, systemRandom as random, systemScheduler as scheduler }
    from "@zoolog/host";
  import { connectZooKeeper } from "@zoolog/zookeeper";
  const connect = (connectString, connectTimeoutMs = 20_000) => connectZooKeeper(
    { connectString, sessionTimeoutMs: 30_000, connectTimeoutMs },
    { clock, scheduler, random, logger },
  );
  /** Timers and sockets that would keep the process; sockets take a turn to go. */
  const leftBehind = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    return process.getActiveResourcesInfo().filter((kind) => /Timeout|TCP/.test(kind)).length;
  };
`;

/** What the script printed, and how it ended; `onOutput` is called at each output. */
function run(script: string, onOutput = (): void => {}): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      "--conditions=zoolog-source",
      "--import",
      "tsx",
      "--input-type=module",
      "-e",
      PRELUDE + script,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    onOutput();
  });
  // Far longer than it takes, far shorter than the session's timeout.
  const timer = setTimeout(() => child.kill("SIGKILL"), 25_000);
  return new Promise((resolve) =>
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve(`${output.trim()} ${signal ?? code}`);
    }),
  );
}

test("after a connect that failed", async () => {
  const silent = await HostileZooKeeper.open();

  const output = await run(
    `await connect("${silent.address}", 300).catch((error) => console.log(error.code));
     console.log(await leftBehind());`,
  );

  expect(output).toBe("CONNECT_TIMEOUT\n0 0");
  await silent.close();
});

describe.each(BACKENDS)("$name", (backend) => {
  let server: RunningBackend;
  beforeAll(async () => {
    server = await backend.start();
  });
  afterAll(() => server.close());

  test("after a close, with watches set and calls made", async () => {
    const output = await run(`
      const client = await connect("127.0.0.1:${server.port}/exit/a");
      await client.exists("/b", () => {});
      await client.close();
      console.log(client.state, await leftBehind());
    `);

    expect(output).toBe("closed 0 0");
  });

  test("after a close while there was no connection", async () => {
    const way = await TcpProxy.open(server.port);

    const ended = await run(
      `
        const client = await connect("${way.address}");
        client.onStateChange(async (state) => {
          if (state !== "suspended") return;
          await client.close();
          console.log(client.state, await leftBehind());
        });
        console.log("connected");
      `,
      () => way.cut(),
    );

    expect(ended).toBe("connected\nclosed 0 0");
    await way.close();
  });
});
