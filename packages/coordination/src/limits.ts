/** Operations of one multi, its check included: a longer one delays everybody's writes. */
export const MULTI_OPERATIONS_MAX = 500;

/**
 * Bytes of one multi. ZooKeeper drops the connection of whoever sends more than 1 MiB, at each
 * retry again; half of it is the client's limit, and this leaves room for the envelope.
 */
export const MULTI_BYTES_MAX = 480 * 1024;

/** Multis under way at once: enough to keep the ensemble busy, bounded memory on both ends. */
export const MULTIS_IN_FLIGHT_MAX = 16;

/** Reads under way at once; well below what the client lets wait. */
export const READS_IN_FLIGHT_MAX = 512;
