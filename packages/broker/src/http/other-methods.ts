import type { FastifyInstance, HTTPMethods } from "fastify";
import { methodNotAllowed } from "./errors.ts";

const METHODS: readonly HTTPMethods[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
];

/**
 * Fastify answers 404 where only the method is wrong. This remembers the methods of every path that
 * is added after it; `close` then gives each path a 405 for the others.
 */
export function refuseOtherMethods(app: FastifyInstance): { readonly close: () => void } {
  const methodsByPath = new Map<string, Set<string>>();
  let isOpen = true;
  app.addHook("onRoute", ({ url, method }) => {
    if (!isOpen) return;
    const methods = methodsByPath.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    methodsByPath.set(url, methods);
  });
  const close = (): void => {
    isOpen = false;
    for (const [url, allowed] of methodsByPath) refuse(app, url, [...allowed]);
  };
  return { close };
}

function refuse(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  app.route({
    url,
    method: METHODS.filter((method) => !allowed.includes(method)),
    onRequest: (request, reply, done) => {
      reply.header("allow", allowed.join(", "));
      if (request.headers["content-length"] !== undefined) reply.header("connection", "close");
      done(methodNotAllowed(request.method, allowed));
    },
    handler: () => {},
  });
}
