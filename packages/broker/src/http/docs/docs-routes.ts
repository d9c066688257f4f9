import type { FastifyInstance } from "fastify";
import { ANSWER_HEADERS, JSON_TYPE } from "../bodies/content-types.ts";
import { DOCS_CONTENT_SECURITY_POLICY, docsPage } from "./docs-page.ts";
import { openApiDocument } from "./openapi.ts";

/** The plane describes itself: for eyes at /docs, for programs at /docs/openapi.json. */
export function addDocsRoutes(app: FastifyInstance): void {
  const withHead = { exposeHeadRoute: true };
  app.get("/", withHead, async (_request, reply) =>
    reply.headers(ANSWER_HEADERS).redirect("/docs"),
  );
  app.get("/docs", withHead, async (_request, reply) =>
    reply
      .headers(ANSWER_HEADERS)
      .header("content-security-policy", DOCS_CONTENT_SECURITY_POLICY)
      .type("text/html; charset=utf-8")
      .send(docsPage(openApiDocument())),
  );
  app.get("/docs/openapi.json", withHead, async (_request, reply) =>
    reply.headers(ANSWER_HEADERS).type(JSON_TYPE).send(JSON.stringify(openApiDocument())),
  );
}
