import type { ZoologError } from "@zoolog/base";
import { BROKER_CREDENTIAL_HEADER } from "@zoolog/protocol";
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
} from "fastify";
import type { Counter } from "../metric-registry.ts";
import type { Call } from "../planes/call.ts";
import { ANONYMOUS, type Principal } from "../principal.ts";
import { MSGPACK_TYPE } from "./bodies/content-types.ts";
import {
  brokersOnly,
  credentialRefused,
  hostMissing,
  msgpackOnly,
  notFound,
  unsupportedContentEncoding,
} from "./errors.ts";
import { OriginGuard } from "./origin-guard.ts";
import type { PlaneParts } from "./plane-parts.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** This call among those in flight. */
    call: Call;
  }
}

/** Longest client id that is kept; Kafka's clients send a few dozen characters. */
const CLIENT_ID_LENGTH_MAX = 255;

type OnRequest = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/** What happens to every call before its body is read, and after its answer is written. */
export function addCallHooks(app: FastifyInstance, parts: PlaneParts): void {
  const guard = new OriginGuard(parts);
  app.decorateRequest("call");
  app.addHook("onRoute", (route) => {
    const begin = callBeginning(parts, guard, {
      url: route.url,
      bodyBytesMax: route.bodyLimit ?? parts.limits.bodyBytesMax,
      isForBrokers: route.config?.audience === "brokers",
    });
    route.onRequest = [begin, ...[route.onRequest ?? []].flat()];
  });
  const beginUnknown = callBeginning(parts, guard, {
    url: "unknown",
    bodyBytesMax: 0,
    isForBrokers: false,
  });
  app.addHook("onRequest", (request, reply, done) => {
    if (request.is404) beginUnknown(request, reply, done);
    else done();
  });
}

/** An overloaded or closing broker that looks dead would be killed by its supervisor. */
const ROUTES_FOR_MACHINES: readonly string[] = ["/health/live", "/health/ready", "/metrics"];

type Route = {
  readonly url: string;
  readonly bodyBytesMax: number;
  readonly isForBrokers: boolean;
};

function callBeginning(parts: PlaneParts, guard: OriginGuard, route: Route): OnRequest {
  const { calls } = parts;
  const { url, bodyBytesMax, isForBrokers } = route;
  const isForMachines = ROUTES_FOR_MACHINES.includes(url);
  const countAtEnd = endCounter(parts, url);
  return (request, reply, done) => {
    const { socket } = request.raw;
    const clientId = clientIdOf(request);
    const remoteAddress = socket.remoteAddress ?? "";
    const principal = principalOf(request, parts, remoteAddress);
    // Asked before the call itself is counted.
    const overload = isForMachines ? undefined : calls.fault(socket, principal);
    const origin = {
      connection: socket,
      onClosed: (listener: () => void) => void reply.raw.on("close", listener),
      clientId,
      remoteAddress,
      principal,
      bodyBytesMax,
    };
    request.call = calls.begin(origin, countAtEnd(request, reply));
    const stranger = principal.kind === "broker" ? undefined : guard.fault(request.headers);
    const audience = isForBrokers ? audienceFault(request) : undefined;
    const fault = overload ?? stranger ?? gateFault(request) ?? audience;
    if (fault !== undefined && (hasBody(request) || isHostMissing(request))) {
      reply.header("connection", "close");
    }
    done(fault);
  };
}

function principalOf(
  { headers }: FastifyRequest,
  { peers }: PlaneParts,
  remoteAddress: string,
): Principal {
  const credential = headers[BROKER_CREDENTIAL_HEADER];
  if (credential === undefined) return ANONYMOUS;
  return peers?.brokerOf(String(credential), remoteAddress) ?? ANONYMOUS;
}

function audienceFault(request: FastifyRequest): ZoologError | undefined {
  if (request.call.principal.kind !== "broker") return brokersOnly();
  return request.headers["content-type"] === MSGPACK_TYPE ? undefined : msgpackOnly();
}

/** Said before the body is read: nobody wants it. */
function gateFault(request: FastifyRequest): ZoologError | undefined {
  if (isHostMissing(request)) return hostMissing();
  // A broker that is taken for nobody would be told something else than what is wrong with it.
  if (isForged(request)) return credentialRefused();
  if (request.is404) return notFound(request.method, request.url.slice(0, 200));
  const encoding = request.headers["content-encoding"];
  return encoding === undefined || encoding === "identity"
    ? undefined
    : unsupportedContentEncoding(encoding);
}

function isForged({ headers, call }: FastifyRequest): boolean {
  return headers[BROKER_CREDENTIAL_HEADER] !== undefined && call.principal.kind !== "broker";
}

/** RFC 9112 §3.2; HTTP/1.0 has no such header. */
function isHostMissing({ headers, raw }: FastifyRequest): boolean {
  return headers.host === undefined && raw.httpVersion === "1.1";
}

function hasBody(request: FastifyRequest): boolean {
  const { "content-length": length, "transfer-encoding": transfer } = request.headers;
  return transfer !== undefined || (length !== undefined && length !== "0");
}

function clientIdOf(request: FastifyRequest): string {
  const given = request.headers["zoolog-client-id"];
  return typeof given === "string" ? given.slice(0, CLIENT_ID_LENGTH_MAX) : "";
}

/** The counters of a route are looked up once per status, not once per call. */
function endCounter({ metrics, clock }: PlaneParts, route: string) {
  const durations = metrics.http.durations.of(route);
  const counters = new Map<string, Counter>();
  const counterOf = (method: string, status: string): Counter => {
    const key = method + status;
    const known = counters.get(key) ?? metrics.http.calls.of({ route, method, status });
    counters.set(key, known);
    return known;
  };
  return (request: FastifyRequest, reply: FastifyReply) => {
    const startedAt = clock.monotonic();
    return (): void => {
      counterOf(request.method, String(reply.raw.statusCode)).value += 1;
      durations.observe((clock.monotonic() - startedAt) / 1000);
    };
  };
}
