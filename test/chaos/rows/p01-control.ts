import { runClusterRow } from "./cluster-row.ts";
import type { Row } from "./row.ts";

export const CONTROL: Row = {
  id: "P-01",
  about: "nothing is done: what the others are compared with",
  expected: "0 anomalies; p99 of acknowledgements is reported",
  needs: [],
  length: { seconds: 300 },
  run: (request) => runClusterRow({ play: ({ seconds, wait }) => wait(seconds * 1_000) }, request),
};
