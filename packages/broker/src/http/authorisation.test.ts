import { brokerEpoch, brokerId, silentLogger } from "@zoolog/base";
import { encodeMessage, type JsonSchema, NATIVE_CALLS, PEER_CALLS } from "@zoolog/protocol";
import { ManualTime } from "@zoolog/testkit";
import { BrokerCredentials } from "../broker-credential.ts";
import { createBrokerMetrics } from "../metrics.ts";
import type { Principal } from "../principal.ts";
import { HttpPlane } from "./http-plane.ts";

/** Who may call what: every call of both tables, by everybody there is. */

const cluster = { clusterId: "ours", secret: Buffer.alloc(32, 1).toString("base64url") };
const now = { brokerId: brokerId(1), brokerEpoch: brokerEpoch(70) };
const former = { ...now, brokerEpoch: brokerEpoch(60) };

function credentialsOf(of: Partial<typeof cluster> = {}): BrokerCredentials {
  const { clock } = new ManualTime();
  return new BrokerCredentials({ ...cluster, ...of }, { clock, logger: silentLogger });
}

type Caller = { readonly who: string; readonly credential?: string; readonly as?: Principal };

const ours = credentialsOf();
const forgedEnd = ours.of(now).endsWith("A") ? "E" : "A";
const CALLERS: readonly Caller[] = [
  { who: "anybody", as: { kind: "anonymous" } },
  { who: "a forger", credential: ours.of(now).slice(0, -1) + forgedEnd },
  { who: "a forger of nothing", credential: "" },
  {
    who: "a broker with another cluster's secret",
    credential: credentialsOf({ secret: Buffer.alloc(32, 2).toString("base64url") }).of(now),
  },
  {
    who: "a broker of a copy of this cluster",
    credential: credentialsOf({ clusterId: "theirs" }).of(now),
  },
  // Which of its lives a broker is in only the component can tell, and must be told.
  {
    who: "a former life of a broker",
    credential: ours.of(former),
    as: { kind: "broker", ...former },
  },
  { who: "a broker", credential: ours.of(now), as: { kind: "broker", ...now } },
];

/** The shortest message that a schema lets through. */
function sampleOf(schema: JsonSchema): unknown {
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0] ?? {});
  const { type = "null" } = schema;
  switch (type) {
    case "object": {
      const named = Object.entries(schema.properties ?? {});
      const required = named.filter(([name]) => schema.required?.includes(name));
      return Object.fromEntries(required.map(([name, field]) => [name, sampleOf(field)]));
    }
    case "array":
      return [];
    case "integer":
      return Math.max(0, schema.minimum ?? 0);
    case "boolean":
      return false;
    case "string":
      return schema.enum?.[0] ?? "text";
    case "null":
      return null;
  }
}

const CALLS = { ...NATIVE_CALLS, ...PEER_CALLS };
type Name = keyof typeof CALLS;
const methodOf = (name: string): string =>
  name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());

/** A plane over components that answer whatever they are asked, and what they were told who asked. */
function recordingPlane() {
  const reached: { readonly method: string; readonly principal: Principal }[] = [];
  const answers = Object.entries(CALLS).map(([name, { response }]) => {
    const method = methodOf(name);
    const answer = async (...given: { principal?: Principal }[]): Promise<unknown> => {
      const { principal } = given.find((one) => one.principal !== undefined) ?? {};
      if (principal !== undefined) reached.push({ method, principal });
      return sampleOf(response);
    };
    return [method, answer];
  });
  const byMethod = Object.fromEntries(answers);
  const byName = Object.fromEntries(
    Object.keys(CALLS).map((name) => [name, byMethod[methodOf(name)]]),
  );
  const api = { ...byMethod, groups: byName, admin: byName } as never;
  const { clock, scheduler } = new ManualTime();
  const plane = new HttpPlane(
    { host: "127.0.0.1", port: 0 },
    {
      api,
      peers: { api, brokerOf: (credential, from) => ours.brokerOf(credential, from) },
      metrics: createBrokerMetrics(),
      logger: silentLogger,
      clock,
      scheduler,
    },
  );
  const ask = (name: Name, { credential }: Caller) =>
    plane.inject({
      method: "POST",
      url: `/v1/${name}`,
      headers: {
        "content-type": "application/msgpack",
        ...(credential === undefined ? {} : { "zoolog-broker": credential }),
      },
      payload: Buffer.from(encodeMessage(sampleOf(CALLS[name].request))),
    });
  return { ask, reached };
}

const matrix = (Object.keys(CALLS) as Name[]).flatMap((name) =>
  CALLERS.map((caller) => {
    const isForBrokers = Object.hasOwn(PEER_CALLS, name);
    const may = caller.as !== undefined && (!isForBrokers || caller.as.kind === "broker");
    return [name, may ? "answered to" : "refused to", caller.who, caller, may] as const;
  }),
);

test.each(matrix)("%s is %s %s", async (name, _verdict, _who, caller, may) => {
  const { ask, reached } = recordingPlane();

  const { statusCode } = await ask(name, caller);

  expect(statusCode).toBe(may ? 200 : 403);
  expect(reached).toEqual(may ? [{ method: methodOf(name), principal: caller.as }] : []);
});
