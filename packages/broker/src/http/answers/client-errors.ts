import { type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorCode } from "@zoolog/base";
import { JSON_TYPE } from "../bodies/content-types.ts";
import { errorBodyOf, HTTP_STATUS } from "./error-mapping.ts";

type BrokenRequest = { readonly code: string; readonly message: string; readonly hint: string };

const TOO_SLOW: BrokenRequest = {
  code: "REQUEST_TOO_SLOW",
  message: "the request did not arrive in time",
  hint: "Send the whole request within the time limits of /docs.",
};

const HEADERS_TOO_LARGE: BrokenRequest = {
  code: "HEADERS_TOO_LARGE",
  message: "the headers are too large",
  hint: "Send fewer or shorter headers.",
};

const MALFORMED: BrokenRequest = {
  code: "MALFORMED_REQUEST",
  message: "this is not a request of HTTP/1.1",
  hint: "Speak plain HTTP to this port.",
};

const TUNNEL: BrokenRequest = {
  code: "METHOD_NOT_ALLOWED",
  message: "CONNECT is not possible here",
  hint: "This is a broker, not a proxy; take it out of the proxy settings.",
};

const UNMET_EXPECTATION: BrokenRequest = {
  code: "EXPECTATION_FAILED",
  message: "the only expectation that is met is 100-continue",
  hint: "Leave the header Expect out.",
};

/** What Node would answer by itself, and without a body: CONNECT, and `Expect:` of anything else. */
export function answerInsteadOfNode(server: Server): void {
  server.on("checkExpectation", (_request, response: ServerResponse) => {
    const { status, body } = answerTo(UNMET_EXPECTATION);
    // The body of the request is still to come, and nobody wants it.
    const headers = { "content-type": JSON_TYPE, connection: "close" };
    response.writeHead(status, headers).end(body);
  });
  server.on("connect", (_request, socket) => {
    // Not a connection of the server's any more: nobody else takes its errors.
    socket.on("error", () => socket.destroy());
    endWith(socket, TUNNEL);
  });
}

/**
 * Answers what never became a request: Node's parser or its timers gave up. There is no reply
 * object, so the answer is written to the socket by hand, and the connection ends with it.
 */
export function answerBrokenRequest(error: Error, socket: Duplex): void {
  if (errorCode(error) === "ECONNRESET" || !socket.writable) socket.destroy();
  else endWith(socket, brokenRequest(errorCode(error)));
}

function answerTo(broken: BrokenRequest): { readonly status: number; readonly body: string } {
  const retriable = broken.code === "REQUEST_TOO_SLOW";
  const body = JSON.stringify(errorBodyOf({ ...broken, retriable }));
  return { status: HTTP_STATUS[broken.code] ?? 400, body };
}

function endWith(socket: Duplex, broken: BrokenRequest): void {
  const { status, body } = answerTo(broken);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
      `content-type: ${JSON_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function brokenRequest(code: string | undefined): BrokenRequest {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return TOO_SLOW;
  if (code === "HPE_HEADER_OVERFLOW") return HEADERS_TOO_LARGE;
  return MALFORMED;
}
