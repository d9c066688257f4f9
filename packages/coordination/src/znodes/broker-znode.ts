import { type BrokerEpoch, brokerEpoch, brokerId, timestamp } from "@zoolog/base";
import { malformed } from "../errors.ts";
import { BROKER_IDS_PATH, brokerPath } from "../paths.ts";
import type {
  BootKind,
  BrokerEndpoint,
  BrokerRegistration,
  DataLosses,
  MissedLives,
  RegisteredBroker,
} from "../port/broker-registration.ts";
import { asInteger, BROKER_ID_MAX, encodeJson, ZnodeObject } from "./znode-json.ts";

/** Kafka's version of this znode since 2.7. */
const VERSION = 5;
const PORT_MAX = 65_535;

export function encodeBroker(registration: BrokerRegistration): Uint8Array {
  const { endpoints, rack, folder, bootId, losses, damaged = [] } = registration;
  const [first] = endpoints;
  return encodeJson({
    version: VERSION,
    host: first?.host ?? null,
    port: first?.port ?? -1,
    endpoints: endpoints.map(endpointText),
    listener_security_protocol_map: Object.fromEntries(
      endpoints.map((endpoint) => [endpoint.listener, endpoint.securityProtocol]),
    ),
    ...(rack === undefined ? {} : { rack }),
    jmx_port: -1,
    timestamp: String(registration.timestamp),
    features: {},
    incarnation: registration.incarnation,
    ...(folder === undefined ? {} : { folder }),
    ...(bootId === undefined ? {} : { boot_id: bootId }),
    boot: registration.boot,
    ...(losses === undefined ? {} : { losses: lossesJson(losses) }),
    ...(damaged.length === 0 ? {} : { damaged }),
  });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeBroker(id: number, data: Uint8Array, czxid: number): RegisteredBroker {
  const path = brokerPath(id);
  const znode = ZnodeObject.decode(path, data);
  const protocols = znode.has("listener_security_protocol_map")
    ? znode.object("listener_security_protocol_map").texts()
    : {};
  const losses = znode.has("losses") ? parseLosses(znode.object("losses")) : undefined;
  return {
    brokerId: brokerId(id),
    brokerEpoch: brokerEpoch(czxid),
    incarnation: znode.text("incarnation"),
    endpoints: znode.array("endpoints").map((text) => parseEndpoint(path, text, protocols)),
    rack: znode.optionalText("rack"),
    folder: znode.optionalText("folder"),
    bootId: znode.optionalText("boot_id"),
    boot: parseBoot(path, znode.optionalText("boot")),
    ...(losses === undefined ? {} : { losses }),
    ...(znode.has("damaged") ? { damaged: znode.array("damaged").map(String) } : {}),
    timestamp: timestamp(znode.has("timestamp") ? znode.integerText("timestamp") : -1),
  };
}

/** The number that a child of `/brokers/ids` is named by. */
export function parseBrokerId(name: string): number {
  const value = /^(0|[1-9][0-9]{0,9})$/.test(name) ? Number(name) : name;
  return asInteger(`${BROKER_IDS_PATH}/${name}`, value, "its name", { min: 0, max: BROKER_ID_MAX });
}

/** For people: where a broker can be reached. */
export function brokerAddress(broker: Pick<BrokerRegistration, "endpoints">): string {
  const [first] = broker.endpoints;
  return first === undefined ? "an unknown address" : `${first.host}:${first.port}`;
}

function endpointText({ listener, host, port }: BrokerEndpoint): string {
  return `${listener}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const ENDPOINT = /^([A-Za-z0-9_]+):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^/:[\]]+)):([0-9]{1,5})$/;

function parseEndpoint(
  path: string,
  text: unknown,
  protocols: Readonly<Record<string, string>>,
): BrokerEndpoint {
  const parts = typeof text === "string" ? ENDPOINT.exec(text) : null;
  const [, listener, bracketed, plain] = parts ?? [];
  const host = bracketed ?? plain;
  const port = Number(parts?.[4]);
  if (listener === undefined || host === undefined || port > PORT_MAX) {
    throw malformed(path, `endpoint ${JSON.stringify(text)} is not LISTENER://host:port`);
  }
  const securityProtocol = protocols[listener] ?? "PLAINTEXT";
  if (!isSecurityProtocol(securityProtocol)) {
    throw malformed(path, `listener ${listener} has unknown protocol ${securityProtocol}`);
  }
  return { listener, host, port, securityProtocol };
}

const SECURITY_PROTOCOLS = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] as const;

function isSecurityProtocol(text: string): text is BrokerEndpoint["securityProtocol"] {
  return (SECURITY_PROTOCOLS as readonly string[]).includes(text);
}

function lossesJson({ unsynced, ...losses }: DataLosses): object {
  return unsynced === undefined ? losses : { ...losses, unsynced: [...unsynced] };
}

function parseLosses(losses: ZnodeObject): DataLosses {
  const missed = losses.has("outdated") ? losses.array("outdated") : undefined;
  const outdated = missed?.map((value): MissedLives => {
    const lives = ZnodeObject.of(losses.path, value, "outdated");
    return { after: epochOf(lives, "after"), before: epochOf(lives, "before") };
  });
  return {
    newFolder: epochOf(losses, "newFolder"),
    unclean: epochOf(losses, "unclean"),
    ...(outdated === undefined ? {} : { outdated }),
    ...(losses.has("synced") ? { synced: epochsOf(losses.object("synced")) } : {}),
    ...(losses.has("unsynced") ? { unsynced: new Set(losses.array("unsynced").map(String)) } : {}),
  };
}

function epochsOf(fields: ZnodeObject): Readonly<Record<string, BrokerEpoch>> {
  return Object.fromEntries(
    fields.entries().map(([name]) => [name, brokerEpoch(fields.integer(name, { min: 0 }))]),
  );
}

function epochOf(fields: ZnodeObject, name: string): BrokerEpoch | undefined {
  return fields.has(name) ? brokerEpoch(fields.integer(name, { min: 0 })) : undefined;
}

function parseBoot(path: string, text: string | undefined): BootKind {
  switch (text) {
    case "clean":
    case "unclean":
    case "newFolder":
      return text;
    case undefined:
      // Who does not say may have lost something.
      return "unclean";
    default:
      throw malformed(path, `boot is ${JSON.stringify(text)}`);
  }
}
