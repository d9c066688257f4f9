import {
  decodeJsonMessage,
  decodeMessage,
  encodeJsonMessage,
  encodeMessage,
  encodeRecordBatch,
  type JsonSchema,
  NATIVE_CALLS,
  PEER_CALLS,
  postRecordsRequest,
  postTopicRequest,
  putTopicRequest,
} from "@zoolog/protocol";
import { type Door, type FuzzTarget, mustHold, type Outcome, shapeOf } from "../fuzz-target.ts";
import { type Answer, FuzzedBroker } from "./fuzzed-broker.ts";
import { WORDS } from "./messages.ts";
import { samplesOf } from "./schema-samples.ts";

type Route = {
  readonly method: string;
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isForBrokers: boolean;
};

const ROUTES: readonly Route[] = [
  ...Object.entries({ ...NATIVE_CALLS, ...PEER_CALLS }).map(([name, { request }]) => ({
    ...{ method: "POST", path: `/v1/${name}`, schema: request as JsonSchema },
    isForBrokers: Object.hasOwn(PEER_CALLS, name),
  })),
  ...(
    [
      ["PUT", "/v1/topics/payments", putTopicRequest],
      ["POST", "/v1/topics", postTopicRequest],
      ["POST", "/v1/topics/orders/records", postRecordsRequest],
    ] as const
  ).map(([method, path, schema]) => ({ method, path, schema, isForBrokers: false })),
];

/** Who asks: the second byte of an input. */
const CALLERS = ["anybody", "a broker", "a forger"] as const;
/** Executions after which the broker is made anew: what may be created is created. */
const EXECUTIONS_PER_BROKER = 4_000;
/** Calls that wait for news are given up; the broker notices that, too. */
const PATIENCE_MS = 250;
/** Failures of the broker that a body may bring about, as docs/formats/native-plane.md says. */
const ALLOWED_FAILURES = /^(50[34])$/;

export const httpBodies: FuzzTarget = {
  name: "http-bodies",
  row: "F-02",
  about:
    "bodies of all routes at a real broker, before and after authentication: no failure of its",
  inputBytesMax: 2_048,
  smokeExecutions: 150,
  slowMs: 2_000,
  // What the broker keeps ready for answers and for its log.
  allocationSlackBytes: 64 * 1024 * 1024,
  async open(): Promise<Door> {
    const world = new World();
    return {
      seeds: sampleBodies(),
      words: [...WORDS, encodeRecordBatch([{ timestamp: 1, value: "a" }])],
      execute: (input) => world.execute(input),
      close: () => world.close(),
    };
  },
};

/** Route, caller and form in front of a body. */
function sampleBodies(): Buffer[] {
  return ROUTES.flatMap(({ schema, isForBrokers }, route) =>
    samplesOf(schema).flatMap((message) => {
      const msgpack = Buffer.from(encodeMessage(message));
      const json = Buffer.from(encodeJsonMessage(message));
      const caller = isForBrokers ? 1 : 0;
      return [
        Buffer.concat([Buffer.of(route, caller, 0), msgpack]),
        Buffer.concat([Buffer.of(route, 2 * (route % 2), 1), json]),
      ];
    }),
  );
}

class World {
  #broker: FuzzedBroker | undefined;
  #executions = 0;

  async execute(input: Buffer): Promise<Outcome> {
    const broker = await this.#brokerFor();
    const number = (input[0] ?? 0) % ROUTES.length;
    const route = ROUTES[number];
    const caller = CALLERS[(input[1] ?? 0) % CALLERS.length];
    mustHold(route !== undefined && caller !== undefined, "there is such a route");
    const isJson = (input[2] ?? 0) % 2 === 1;
    const { method, path } = route;
    const answer = await broker.ask({
      ...{ method, path, patienceMs: PATIENCE_MS, body: input.subarray(3) },
      headers: {
        "content-type": isJson ? "application/json" : "application/msgpack",
        ...credentialOf(caller, broker.credential),
      },
    });
    if (answer.status === undefined) return `${number} no news`;
    checkAccess({ ...route, caller, status: answer.status });
    const code = errorCodeIn(answer, isJson);
    const isRefusal = answer.status < 500 || ALLOWED_FAILURES.test(String(answer.status));
    mustHold(
      isRefusal,
      () => `${path} answered ${answer.status} ${answer.body.toString("latin1")}`,
    );
    return `${number} ${caller} ${answer.status} ${code}`;
  }

  async close(): Promise<void> {
    await this.#broker?.close();
  }

  async #brokerFor(): Promise<FuzzedBroker> {
    if (this.#executions % EXECUTIONS_PER_BROKER === 0) {
      const former = this.#broker;
      if (former !== undefined) checkNames(former);
      await former?.close();
      this.#broker = await FuzzedBroker.start();
    }
    this.#executions += 1;
    mustHold(this.#broker !== undefined, "a broker runs");
    return this.#broker;
  }
}

/** Deny by default: what only brokers may ask is refused to everybody else, a forger everywhere. */
function checkAccess(of: Route & { readonly caller: string; readonly status: number }): void {
  const { caller, isForBrokers, path, status } = of;
  const mustBeRefused = caller === "a forger" || (isForBrokers && caller !== "a broker");
  mustHold(!mustBeRefused || status === 403, () => `${path} answers ${caller} with ${status}`);
}

/** Whatever names were sent, nothing stands outside of the data folder. */
function checkNames({ disk }: FuzzedBroker): void {
  const outside = disk.paths().find((path) => !path.startsWith("/data/"));
  mustHold(outside === undefined, () => `${outside} lies outside of the data folder`);
}

function credentialOf(
  caller: (typeof CALLERS)[number],
  credential: string,
): Readonly<Record<string, string>> {
  if (caller === "anybody") return {};
  const forged = `${credential.slice(0, -2)}${credential.endsWith("AA") ? "BB" : "AA"}`;
  return { "zoolog-broker": caller === "a broker" ? credential : forged };
}

function errorCodeIn({ body }: Answer, isJson: boolean): string {
  const decoded = isJson ? decodeJsonMessage(body) : decodeMessage(body);
  const found = /code[^A-Z]{1,6}([A-Z_]{5,40})/.exec(body.toString("latin1"));
  if (decoded.fault !== undefined) return `unreadable ${found?.[1] ?? shapeOf("")}`;
  return found?.[1] ?? "answered";
}
