import { ZoologError } from "@zoolog/base";

/**
 * Why a connection is closed. Kafka's protocol has no answer for these: its clients see the end of the
 * connection, and people the log.
 */

export function unknownCall(name: string): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_VERSION",
    message: `${name} is not offered here`,
    hint: "A client finds out by ApiVersions what is; configure it for a broker of version 2.1 or newer.",
  });
}

export function unknownVersion(
  { name, versions }: { readonly name: string; readonly versions: readonly [number, number] },
  version: number,
): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_VERSION",
    message: `${name} is offered in versions ${versions.join(" to ")}, not in ${version}`,
    hint: "A client finds out by ApiVersions; configure it for a broker of version 2.1 or newer.",
  });
}

export function frameRefused(length: number, bytesMax: number): ZoologError {
  return length < 0
    ? new ZoologError({
        code: "MALFORMED_MESSAGE",
        message: `a request says that it is ${length} bytes long`,
        hint: "Only Kafka's protocol is spoken on this port.",
      })
    : new ZoologError({
        code: "REQUEST_TOO_LARGE",
        message: `a request of ${length} bytes is larger than ${bytesMax}`,
        hint: "Send smaller batches, or raise socket.request.max.bytes. Is it Kafka's protocol at all?",
      });
}

/** Of a request that gets no answer, so that its client looks for the leaders again. */
export function unansweredProduce(
  topic: string,
  {
    partition,
    error,
  }: {
    readonly partition: number;
    readonly error: { readonly code: string; readonly message: string };
  },
): ZoologError {
  return new ZoologError({
    code: error.code,
    message: `a batch for ${topic}-${partition} that nobody waits for was refused: ${error.message}`,
    hint: "With acks=1 the producer would be told.",
  });
}

export function frameTooSlow(timeoutMs: number): ZoologError {
  return new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: `a request did not come to its end within ${timeoutMs / 1000} s`,
    hint: "Is the network that slow? Smaller batches come through in time.",
  });
}

export function frameInTheWay(bytes: number): ZoologError {
  return new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: `a request of ${bytes} bytes hardly grew while others waited for room`,
    hint: "Is the network that slow? Send smaller batches, or raise queued.max.request.bytes.",
  });
}

/** Of one that its client sent before it had the answer to another. */
export function frameAheadInTheWay(bytes: number): ZoologError {
  return new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: `a request of ${bytes} bytes was behind others of its connection while others waited for room`,
    hint: "Send large requests on a connection that is not used for waiting, or raise queued.max.request.bytes.",
  });
}

/** Found in the first bytes of a connection. */
export function wrongPort(protocol: "HTTP" | "TLS", listener: string): ZoologError {
  return new ZoologError({
    code: "WRONG_PORT",
    message: `this is a port for Kafka clients (listener ${listener}), and ${protocol} came in`,
    hint:
      protocol === "HTTP"
        ? "Use the HTTP port: http.port, 8092 by default."
        : "This listener is not encrypted: set security.protocol=PLAINTEXT in the client.",
  });
}

export function tooManyConnections(connectionsMax: number): ZoologError {
  return new ZoologError({
    code: "TOO_MANY_CONNECTIONS",
    message: `there are ${connectionsMax} connections already`,
    retriable: true,
    hint: "Find who opens so many, or raise max.connections (and the limit of open files).",
  });
}

export function tooManyFromAddress(connectionsMax: number): ZoologError {
  return new ZoologError({
    code: "TOO_MANY_CONNECTIONS",
    message: `there are ${connectionsMax} connections of this address already`,
    retriable: true,
    hint: "Find who opens so many, or raise max.connections.per.ip.",
  });
}

/** Of a producer with a transactional id: its client shows the message, or one of its own. */
export function noTransactions(): ZoologError {
  return new ZoologError({
    code: "UNSUPPORTED_VERSION",
    message: "transactions are not supported yet",
    hint: "Leave transactional.id away: an idempotent producer writes each record once.",
  });
}
