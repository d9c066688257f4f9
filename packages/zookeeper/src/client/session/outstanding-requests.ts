import { ZooKeeperError } from "../../errors.ts";
import {
  REQUEST_BYTES_MAX,
  REQUEST_BYTES_OUTSTANDING_MAX,
  REQUESTS_OUTSTANDING_MAX,
} from "../limits.ts";

/** Length and request header in front of a request's payload. */
const ENVELOPE_BYTES = 12;

/** Keeps one request, and all that wait for an answer together, within their limits. */
export class OutstandingRequests {
  #requests = 0;
  #bytes = 0;

  /** @throws ZooKeeperError `REQUEST_TOO_LARGE` or `TOO_MANY_REQUESTS`: do not send it. */
  assertRoom(operation: string, payloadBytes: number): void {
    const bytes = payloadBytes + ENVELOPE_BYTES;
    if (bytes > REQUEST_BYTES_MAX) {
      throw new ZooKeeperError({
        code: "REQUEST_TOO_LARGE",
        message: `${operation} of ${bytes} bytes is over the limit of ${REQUEST_BYTES_MAX}`,
        hint: "A server drops the connection of whoever sends 1 MiB: split it.",
      });
    }
    const full =
      this.#requests >= REQUESTS_OUTSTANDING_MAX ||
      this.#bytes + payloadBytes > REQUEST_BYTES_OUTSTANDING_MAX;
    if (full) {
      throw new ZooKeeperError({
        code: "TOO_MANY_REQUESTS",
        message: `${this.#requests} requests (${this.#bytes} bytes) wait for answers already`,
      });
    }
  }

  began(payloadBytes: number): void {
    this.#requests += 1;
    this.#bytes += payloadBytes;
  }

  ended(payloadBytes: number): void {
    this.#requests -= 1;
    this.#bytes -= payloadBytes;
  }
}
