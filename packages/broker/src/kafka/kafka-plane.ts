import type { Clock, Connection, Listener, Logger, Network, Scheduler, Timer } from "@zoolog/base";
import { LargeBuffers } from "@zoolog/protocol";
import { KAFKA_LISTENER, type ListenerAddress } from "../broker-address.ts";
import type { BrokerMetrics } from "../metrics.ts";
import { type CallBudgets, CallRegistry } from "../planes/call-registry.ts";
import { cannotListen } from "../planes/errors.ts";
import type { Plane } from "../planes/plane.ts";
import { RareWarnings } from "../planes/rare-warnings.ts";
import { passStages } from "./connection-stages.ts";
import { tooManyConnections, tooManyFromAddress } from "./errors.ts";
import { type ConnectionParts, KafkaConnection } from "./kafka-connection.ts";
import { DEFAULT_KAFKA_LIMITS, type KafkaLimits } from "./kafka-limits.ts";
import { type KafkaHandlers, RequestDispatch } from "./request-dispatch.ts";
import { RequestRoom } from "./request-room.ts";

export type KafkaPlaneOptions = {
  /** At least one; port 0 takes any free one. */
  readonly listeners: readonly ListenerAddress[];
  readonly limits?: Partial<KafkaLimits>;
};

export type KafkaPlaneDependencies = {
  readonly handlers: KafkaHandlers;
  /** The same for all planes. */
  readonly budgets: CallBudgets;
  readonly network: Network;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/**
 * Kafka's protocol over TCP: frames in, one method of `BrokerApi`, frames out
 * (docs/decisions/031-the-kafka-plane.md).
 */
export class KafkaPlane implements Plane {
  readonly #options: KafkaPlaneOptions;
  readonly #dependencies: KafkaPlaneDependencies;
  readonly #limits: KafkaLimits;
  readonly #parts: ConnectionParts;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<KafkaConnection>();
  readonly #perAddress = new Map<string, number>();
  #checking: Timer | undefined;
  #isClosing = false;
  #closing: Promise<void> | undefined;

  constructor(options: KafkaPlaneOptions, dependencies: KafkaPlaneDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    const { budgets, handlers, metrics } = dependencies;
    const limits = { ...DEFAULT_KAFKA_LIMITS, ...options.limits };
    this.#limits = limits;
    // A connection has one call at a time: their limit is that of connections.
    const callLimits = { inFlightCallsMax: limits.connectionsMax, pipelinedCallsMax: 1 };
    this.#parts = {
      ...dependencies,
      limits,
      dispatch: new RequestDispatch(handlers, metrics.kafka),
      calls: new CallRegistry(callLimits, { budgets }),
      budget: budgets.clients,
      room: new RequestRoom(limits, budgets),
      bodyMemory: new LargeBuffers(),
      warnings: new RareWarnings(dependencies),
    };
    // A client is connected as soon as the kernel has queued it: in a rush some are not here yet.
    const help = "Open connections of Kafka's protocol that were accepted";
    metrics.registry.gauge("zoolog_kafka_connections", help, () => this.#connections.size);
  }

  async listen(): Promise<readonly ListenerAddress[]> {
    const { network, scheduler } = this.#dependencies;
    const addresses: ListenerAddress[] = [];
    for (const { listener, host, port } of this.#options.listeners) {
      // Counted by us: over all listeners, and said.
      const options = { host, port, connectionsMax: Number.POSITIVE_INFINITY };
      const accept = (connection: Connection) => this.#accept(connection, listener);
      const bound = await network.listen(options, accept).catch((error: unknown) => {
        const setting = listener === KAFKA_LISTENER ? "kafka.port" : "kafka.listeners";
        throw cannotListen(error, { host, port }, setting);
      });
      this.#listeners.push(bound);
      addresses.push({ listener, host, port: bound.port });
    }
    this.#checking = scheduler.every(this.#limits.checkIntervalMs, () => {
      for (const connection of this.#connections) connection.check();
    });
    return addresses;
  }

  /** Waiting requests are answered at once, the others within `closeTimeoutMs`, then cut. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #accept(connection: Connection, listener: string): void {
    const { warnings, metrics } = this.#parts;
    if (this.#isClosing) {
      connection.destroy();
      return;
    }
    const remoteAddress = addressOf(connection);
    const fromThere = this.#perAddress.get(remoteAddress) ?? 0;
    const fault = this.#tooMany(fromThere);
    if (fault !== undefined) {
      metrics.kafka.connectionsRefused.value += 1;
      warnings.warn("connection refused", fault, { listener, remoteAddress });
      connection.destroy();
      return;
    }
    this.#perAddress.set(remoteAddress, fromThere + 1);
    const served = passStages(connection, { listener, remoteAddress });
    const line = new KafkaConnection(served, this.#parts);
    this.#connections.add(line);
    connection.onClose(() => {
      this.#connections.delete(line);
      const left = (this.#perAddress.get(remoteAddress) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(remoteAddress);
      else this.#perAddress.set(remoteAddress, left);
    });
  }

  #tooMany(fromThere: number) {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    if (this.#connections.size >= connectionsMax) return tooManyConnections(connectionsMax);
    if (fromThere < connectionsPerAddressMax) return undefined;
    return tooManyFromAddress(connectionsPerAddressMax);
  }

  async #close(): Promise<void> {
    const { calls, scheduler, logger, warnings } = this.#parts;
    this.#isClosing = true;
    for (const connection of this.#connections) connection.beginClosing();
    calls.beginClosing();
    await calls.drain({ timeoutMs: this.#limits.closeTimeoutMs }, { scheduler, logger });
    this.#checking?.cancel();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    warnings.close();
  }
}

/** Without the port. */
function addressOf({ remoteAddress }: Connection): string {
  return remoteAddress.slice(0, remoteAddress.lastIndexOf(":"));
}
