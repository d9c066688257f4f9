import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Timer } from "@zoolog/base";
import { LargeBuffers } from "@zoolog/protocol";
import { type FastifyInstance, fastify } from "fastify";
import { HTTP_LISTENER, type ListenerAddress } from "../broker-address.ts";
import { ByteBudget } from "../planes/byte-budget.ts";
import { type CallBudgets, CallRegistry } from "../planes/call-registry.ts";
import { answerUnread, cannotListen } from "../planes/errors.ts";
import { largeRequestBudget } from "../planes/large-requests.ts";
import type { Plane } from "../planes/plane.ts";
import { RareWarnings } from "../planes/rare-warnings.ts";
import { answerBrokenRequest, answerInsteadOfNode } from "./answers/client-errors.ts";
import { addErrorAnswers, answerFailure } from "./answers/error-answers.ts";
import { addBodyParsers } from "./bodies/body-parsers.ts";
import { IncomingBodies } from "./bodies/incoming-bodies.ts";
import { addCallHooks } from "./call-hooks.ts";
import { addCallRoutes } from "./call-routes.ts";
import { addDocsRoutes } from "./docs/docs-routes.ts";
import { addGroupRoutes } from "./group-routes.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./http-limits.ts";
import { addMachineRoutes } from "./machine-routes.ts";
import { refuseOtherMethods } from "./other-methods.ts";
import { addPeerRoutes } from "./peer-routes.ts";
import type { HttpPlaneDependencies, PlaneParts } from "./plane-parts.ts";
import { addRecordRoutes } from "./records/record-routes.ts";
import { addTopicRoutes } from "./topic-routes.ts";
import { wrongPort } from "./wrong-port.ts";

export type HttpPlaneOptions = {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /**
   * Host names to answer to, besides `localhost` and addresses. Checked only where this is given or
   * `host` is a loopback address.
   */
  readonly allowedHosts?: readonly string[];
  readonly limits?: Partial<HttpLimits>;
};

/**
 * The native plane: HTTP in, one method of `BrokerApi`, HTTP out. It has no rules about topics and
 * records; what it decides alone is what may reach the broker at all (docs/formats/native-plane.md).
 */
export class HttpPlane implements Plane {
  readonly #options: HttpPlaneOptions;
  readonly #parts: PlaneParts;
  readonly #app: FastifyInstance;
  readonly #sockets = new Set<Socket>();
  #closing: Promise<void> | undefined;
  #looks: Timer | undefined;

  constructor(options: HttpPlaneOptions, dependencies: HttpPlaneDependencies) {
    this.#options = options;
    const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
    const budgets = dependencies.budgets ?? {
      clients: new ByteBudget({ bytesMax: limits.inFlightBytesMax }),
      largeRequests: largeRequestBudget({
        requestBytesMax: limits.produceBodyBytesMax,
        inFlightBytesMax: limits.inFlightBytesMax,
      }),
      brokers: new ByteBudget({ bytesMax: limits.peerInFlightBytesMax }),
    };
    this.#parts = {
      ...dependencies,
      limits,
      calls: new CallRegistry(limits, { budgets }),
      incomingBodies: new IncomingBodies({ limits, budgets, clock: dependencies.clock }),
      bodyMemory: new LargeBuffers(),
      warnings: new RareWarnings(dependencies),
      allowedHosts: options.allowedHosts ?? (isLoopback(options.host) ? [] : undefined),
    };
    describeInFlight(this.#parts, budgets);
    this.#app = createApp(this.#parts);
    this.#app.server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /**
   * Binds and serves.
   *
   * @throws ZoologError ADDRESS_IN_USE, ADDRESS_REFUSED
   */
  async listen(): Promise<readonly ListenerAddress[]> {
    const { host, port } = this.#options;
    try {
      await this.#app.listen({ host, port });
    } catch (error) {
      throw cannotListen(error, { host, port }, "http.port");
    }
    const { incomingBodies, limits, scheduler } = this.#parts;
    this.#looks = scheduler.every(limits.timeoutCheckIntervalMs, () => incomingBodies.look());
    const bound = this.#app.server.address();
    const taken = typeof bound === "object" && bound !== null ? bound.port : port;
    return [{ listener: HTTP_LISTENER, host, port: taken }];
  }

  /** A request without a socket, for tests. */
  get inject(): FastifyInstance["inject"] {
    return this.#app.inject.bind(this.#app);
  }

  /**
   * Stops accepting, answers waiting fetches at once, lets the other calls end within
   * `closeTimeoutMs`, then cuts what is left. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { calls, limits, scheduler, logger, warnings } = this.#parts;
    calls.beginClosing();
    const closed = this.#app.close();
    this.#app.server.closeIdleConnections();
    for (const socket of this.#sockets) socket.setTimeout(limits.closingUnreadTimeoutMs);
    await calls.drain({ timeoutMs: limits.closeTimeoutMs }, { scheduler, logger });
    this.#app.server.closeAllConnections();
    await closed;
    this.#looks?.cancel();
    warnings.close();
  }
}

function createApp(parts: PlaneParts): FastifyInstance {
  const { limits } = parts;
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    // Node's HEAD on a stream would never end; the routes that can have it say so.
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: limits.pathParameterLengthMax },
    // A closing plane refuses in `call-hooks.ts`, with a body like all others.
    return503OnClosing: false,
    // Messages are checked by `checkMessage`: fastify need not load its compilers of schemas.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
    frameworkErrors: (error, _request, reply) => void answerFailure(parts, reply, error),
    clientErrorHandler: (error, socket) => {
      const fault = wrongPort(error);
      const { remoteAddress } = socket;
      if (fault !== undefined) {
        parts.warnings.warn("connection closed", fault, { listener: "HTTP", remoteAddress });
      }
      answerBrokenRequest(error, socket);
    },
    serverFactory: (handler) => createLimitedServer(parts, handler),
  });
  addBodyParsers(app, parts);
  addCallHooks(app, parts);
  addErrorAnswers(app, parts);
  const methodsByPath = refuseOtherMethods(app);
  addCallRoutes(app, parts);
  addPeerRoutes(app, parts);
  addTopicRoutes(app, parts);
  addGroupRoutes(app, parts);
  addRecordRoutes(app, parts);
  addMachineRoutes(app, parts);
  addDocsRoutes(app);
  methodsByPath.close();
  return app;
}

function noSchemas(): never {
  throw new Error("routes of this plane have no fastify schemas");
}

function createLimitedServer(
  parts: PlaneParts,
  handler: Parameters<typeof createServer>[1],
): Server {
  const { limits, metrics } = parts;
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckIntervalMs,
      maxHeaderSize: limits.headerBytesMax,
      insecureHTTPParser: false,
      // Node refuses without a body; `call-hooks.ts` refuses as everything else is refused.
      requireHostHeader: false,
      noDelay: true,
    },
    handler,
  );
  answerInsteadOfNode(server);
  server.setTimeout(limits.unreadTimeoutMs, (socket) => cutUnread(parts, socket));
  server.maxConnections = limits.connectionsMax;
  server.maxRequestsPerSocket = limits.callsPerConnectionMax;
  server.on("drop", () => {
    metrics.http.connectionsDropped.value += 1;
  });
  return server;
}

/** Nothing came by the socket, and nothing was taken of what is to go out: for its time. */
function cutUnread({ limits, calls, warnings }: PlaneParts, socket: Socket): void {
  const { remoteAddress, timeout = 0, writableLength } = socket;
  if (writableLength === 0 && calls.areIn(socket)) {
    // We still work on them, which has limits of its own.
    socket.setTimeout(calls.isClosing ? limits.closingUnreadTimeoutMs : limits.unreadTimeoutMs);
    return;
  }
  if (writableLength > 0) {
    warnings.warn("connection closed", answerUnread(timeout), { listener: "HTTP", remoteAddress });
  }
  socket.destroy();
}

function describeInFlight({ metrics, calls }: PlaneParts, budgets: CallBudgets): void {
  const { registry } = metrics;
  registry.gauge("zoolog_http_calls_in_flight", "Calls being worked on", () => calls.size);
  registry.gauge(
    "zoolog_in_flight_bytes",
    "Bytes of requests and answers in memory, of all planes, clients and brokers together",
    () => budgets.clients.usedBytes + budgets.brokers.usedBytes,
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
