import type { ZoologError } from "@zoolog/base";
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
} from "fastify";
import type { Counter } from "../metric-registry.ts";
import type { Call } from "./call.ts";
import { hostMissing, notFound, unsupportedContentEncoding } from "./errors.ts";
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
    });
    route.onRequest = [begin, ...[route.onRequest ?? []].flat()];
  });
  const beginUnknown = callBeginning(parts, guard, { url: "unknown", bodyBytesMax: 0 });
  app.addHook("onRequest", (request, reply, done) => {
    if (request.is404) beginUnknown(request, reply, done);
    else done();
  });
}

/** An overloaded or closing broker that looks dead would be killed by its supervisor. */
const ROUTES_FOR_MACHINES: readonly string[] = ["/health/live", "/health/ready", "/metrics"];

type Route = { readonly url: string; readonly bodyBytesMax: number };

function callBeginning(parts: PlaneParts, guard: OriginGuard, route: Route): OnRequest {
  const { calls } = parts;
  const { url, bodyBytesMax } = route;
  const isForMachines = ROUTES_FOR_MACHINES.includes(url);
  const countAtEnd = endCounter(parts, url);
  return (request, reply, done) => {
    const { socket } = request.raw;
    // Asked before the call itself is counted.
    const overload = isForMachines ? undefined : calls.fault(socket);
    const clientId = clientIdOf(request);
    const remoteAddress = socket.remoteAddress ?? "";
    const origin = { response: reply.raw, socket, clientId, remoteAddress, bodyBytesMax };
    request.call = calls.begin(origin, countAtEnd(request, reply));
    const fault = overload ?? guard.fault(request.headers) ?? gateFault(request);
    if (fault !== undefined && (hasBody(request) || isHostMissing(request))) {
      reply.header("connection", "close");
    }
    done(fault);
  };
}

/** Said before the body is read: nobody wants it. */
function gateFault(request: FastifyRequest): ZoologError | undefined {
  if (isHostMissing(request)) return hostMissing();
  if (request.is404) return notFound(request.method, request.url.slice(0, 200));
  const encoding = request.headers["content-encoding"];
  return encoding === undefined || encoding === "identity"
    ? undefined
    : unsupportedContentEncoding(encoding);
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
