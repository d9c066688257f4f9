import type { ZoologError } from "@zoolog/base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Call } from "./call-registry.ts";
import { notFound, unsupportedContentEncoding } from "./errors.ts";
import { originFault } from "./origin-guard.ts";
import type { PlaneParts } from "./plane-parts.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** This call among those in flight. */
    call: Call;
  }
}

/** Longest client id that is kept; Kafka's clients send a few dozen characters. */
const CLIENT_ID_LENGTH_MAX = 255;

/** What happens to every call before its body is read, and after its answer is written. */
export function addCallHooks(app: FastifyInstance, parts: PlaneParts): void {
  app.decorateRequest("call");
  app.addHook("onRequest", (request, reply, done) => {
    const { socket } = request.raw;
    // Asked before the call itself is counted; whoever watches over us is always let in.
    const overload = isForMachines(request) ? undefined : parts.calls.fault(socket);
    request.call = parts.calls.begin({
      response: reply.raw,
      socket,
      clientId: clientIdOf(request),
      remoteAddress: socket.remoteAddress ?? "",
    });
    countAtEnd(parts, request, reply);
    const fault = overload ?? gateFault(parts, request);
    if (fault !== undefined && hasBody(request)) reply.header("connection", "close");
    done(fault);
  });
}

/** An overloaded or closing broker that looks dead would be killed by its supervisor. */
function isForMachines(request: FastifyRequest): boolean {
  const path = request.routeOptions.url;
  return path === "/health/live" || path === "/health/ready" || path === "/metrics";
}

function gateFault(parts: PlaneParts, request: FastifyRequest): ZoologError | undefined {
  const fault = originFault(parts, request.headers);
  if (fault !== undefined) return fault;
  // Said before the body is read: nobody wants it.
  if (request.is404) return notFound(request.method, request.url.slice(0, 200));
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    return unsupportedContentEncoding(encoding);
  return undefined;
}

function hasBody(request: FastifyRequest): boolean {
  const { "content-length": length, "transfer-encoding": transfer } = request.headers;
  return transfer !== undefined || (length !== undefined && length !== "0");
}

function clientIdOf(request: FastifyRequest): string {
  const given = request.headers["zoolog-client-id"];
  return typeof given === "string" ? given.slice(0, CLIENT_ID_LENGTH_MAX) : "";
}

function countAtEnd({ metrics, clock }: PlaneParts, request: FastifyRequest, reply: FastifyReply) {
  const startedAt = clock.monotonic();
  reply.raw.once("close", () => {
    const route = request.routeOptions.url ?? "unknown";
    const status = String(reply.raw.statusCode);
    metrics.http.calls.add({ route, method: request.method, status });
    metrics.http.durations.observe(route, (clock.monotonic() - startedAt) / 1000);
  });
}
