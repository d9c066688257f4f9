import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { errorCode } from "@zoolog/base";
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

/**
 * Answers what never became a request: Node's parser or its timers gave up. There is no reply
 * object, so the answer is written to the socket by hand, and the connection ends with it.
 */
export function answerBrokenRequest(error: Error, socket: Socket): void {
  if (errorCode(error) === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const broken = brokenRequest(errorCode(error));
  const status = HTTP_STATUS[broken.code] ?? 400;
  const body = JSON.stringify(
    errorBodyOf({ ...broken, retriable: broken.code === "REQUEST_TOO_SLOW" }),
  );
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
      "content-type: application/json\r\n" +
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
