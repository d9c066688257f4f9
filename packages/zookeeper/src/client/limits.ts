/**
 * A server drops the connection of a client that sends more than `jute.maxbuffer` (1 MiB), without
 * an answer: such a request fails for ever. Half of it leaves room for the transaction's envelope.
 */
export const REQUEST_BYTES_MAX = 512 * 1024;

/** Keeps one transaction, and the answer to it, short: a long one delays everybody's writes. */
export const MULTI_OPERATIONS_MAX = 500;

/** A server answers up to about 1 MiB; a list of many children may be longer. */
export const REPLY_BYTES_MAX = 8 * 1024 * 1024;

/** Requests without an answer yet. A server stops reading at 1,000 of all clients together. */
export const REQUESTS_OUTSTANDING_MAX = 5_000;

/** Their bytes: what a server that stopped reading may cost us in memory. */
export const REQUEST_BYTES_OUTSTANDING_MAX = 32 * 1024 * 1024;

/** Watches cost memory at both ends, and all are set again on each reconnect. */
export const WATCHES_MAX = 100_000;

/** Java's client splits SetWatches at the same size; one of 1 MiB would be dropped for ever. */
export const SET_WATCHES_BYTES_MAX = 128 * 1024;

/** How long `close` may take when the server does not answer. */
export const CLOSE_MS_MAX = 1_000;

/** One attempt to connect, TCP and handshake together, whatever the session timeout. */
export const ATTEMPT_MS_MIN = 250;
export const ATTEMPT_MS_MAX = 10_000;

/** Pause after a round of all servers failed; doubles with each round, and is spread by chance. */
export const RECONNECT_PAUSE_MS_MIN = 50;
export const RECONNECT_PAUSE_MS_MAX = 1_000;

/** Rounds of refused handshakes, the lease over, after which we ask whether others are served. */
export const REFUSED_ROUNDS_BEFORE_PROBE = 3;
/** How long that question may take. */
export const PROBE_MS_MAX = 5_000;
/** If they are, how long until all have refused us once more: attempts at dead servers take seconds. */
export const WITNESS_MS_MAX = 30_000;
