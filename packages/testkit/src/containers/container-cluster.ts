import { spawn, spawnSync } from "node:child_process";
import { Readable } from "node:stream";
import type { StartedNetwork, StartedTestContainer } from "testcontainers";
import { type ComposeService, readComposeFile } from "./compose-file.ts";
import { dockerEngineFault, testcontainers } from "./engine.ts";

const START_MS_MAX = 120_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export type ContainerClusterOptions = {
  /** A compose file whose services have health checks in their images or listen on 2181. */
  readonly composeFile: string;
  readonly images: Readonly<Record<string, string>>;
};

export type CommandResult = {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Why `images` cannot be run here; nothing when an engine runs and has all of them. */
export function containersFault(images: readonly string[]): string | undefined {
  const fault = dockerEngineFault();
  if (fault !== undefined) return fault;
  const missing = images.find((image) => docker("image", "inspect", image).status !== 0);
  return missing === undefined ? undefined : `the image ${missing} is not built`;
}

/**
 * The services of a compose file as containers of one network, started by testcontainers: no compose
 * is needed. What only the engine's own command can do (kill, disconnect) is done by it.
 */
export class ContainerCluster {
  readonly #network: StartedNetwork;
  readonly #containers: ReadonlyMap<string, StartedTestContainer>;

  private constructor(
    network: StartedNetwork,
    containers: ReadonlyMap<string, StartedTestContainer>,
  ) {
    this.#network = network;
    this.#containers = containers;
  }

  static async start(options: ContainerClusterOptions): Promise<ContainerCluster> {
    const { Network } = await testcontainers();
    const network = await new Network().start();
    const containers = new Map<string, StartedTestContainer>();
    const cluster = new ContainerCluster(network, containers);
    try {
      const services = readComposeFile(options.composeFile, options.images);
      for (const wave of wavesOf(services)) {
        const started = wave.map(async (service) => {
          containers.set(service.name, await startService(service, network));
        });
        await Promise.all(started);
      }
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Runs a command in a service's container and waits for its end. `input` is its stdin. */
  run(
    service: string,
    command: readonly string[],
    input: Readable = Readable.from([]),
  ): Promise<CommandResult> {
    const args = ["exec", "-i", this.#id(service), ...command];
    return new Promise((resolve, reject) => {
      const child = spawn("docker", args, { stdio: "pipe" });
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
      child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      child.stdin.on("error", () => {});
      child.on("error", reject);
      child.on("close", (status) => {
        resolve({
          status: status ?? -1,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString(),
        });
      });
      input.pipe(child.stdin);
    });
  }

  /** The process is gone at once, its disk stays. */
  kill(service: string): void {
    expectDone(docker("kill", "--signal", "KILL", this.#id(service)));
  }

  /** Starts what was killed, on the disk that it had. */
  revive(service: string): void {
    expectDone(docker("start", this.#id(service)));
  }

  /** Nothing reaches it and it reaches nobody; its process goes on. */
  disconnect(service: string): void {
    expectDone(docker("network", "disconnect", this.#network.getName(), this.#id(service)));
  }

  reconnect(service: string): void {
    const name = this.#network.getName();
    expectDone(docker("network", "connect", "--alias", service, name, this.#id(service)));
  }

  /** What the image's own health check says: `healthy`, `unhealthy`, `starting`. */
  health(service: string): string {
    const format = "{{.State.Health.Status}}";
    return docker("inspect", "--format", format, this.#id(service)).stdout.trim();
  }

  logs(service: string): string {
    const { stdout, stderr } = docker("logs", this.#id(service));
    return stdout + stderr;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#containers.values()].map((container) => container.stop()));
    await this.#network.stop();
  }

  #id(service: string): string {
    const container = this.#containers.get(service);
    if (container === undefined) throw new Error(`there is no service ${service}`);
    return container.getId();
  }
}

/** Each wave depends on the ones before it only. */
function wavesOf(services: readonly ComposeService[]): ComposeService[][] {
  const first = services.filter(({ dependsOn }) => dependsOn.length === 0);
  const rest = services.filter(({ dependsOn }) => dependsOn.length > 0);
  return [first, rest];
}

async function startService(
  { name, image, environment }: ComposeService,
  network: StartedNetwork,
): Promise<StartedTestContainer> {
  const { GenericContainer, Wait } = await testcontainers();
  const isBroker = "ZOOLOG_BROKER_ID" in environment;
  return new GenericContainer(image)
    .withNetwork(network)
    .withNetworkAliases(name)
    .withHostname(name)
    .withEnvironment({ ...environment })
    .withStartupTimeout(START_MS_MAX)
    .withWaitStrategy(isBroker ? Wait.forHealthCheck() : Wait.forLogMessage(/binding to port/))
    .start();
}

function docker(...args: readonly string[]): CommandResult {
  const done = spawnSync("docker", args, { encoding: "utf8", maxBuffer: OUTPUT_BYTES_MAX });
  return { status: done.status ?? -1, stdout: done.stdout ?? "", stderr: done.stderr ?? "" };
}

function expectDone({ status, stderr }: CommandResult): void {
  if (status !== 0) throw new Error(stderr.trim());
}
