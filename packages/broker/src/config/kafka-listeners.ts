import { assert } from "@zoolog/base";
import { HTTP_LISTENER, KAFKA_LISTENER, type ListenerAddress } from "../broker-address.ts";

/** One listener: where it listens and what its clients are told; port 0 is the one that it gets. */
export type KafkaListenerConfig = {
  readonly listener: string;
  readonly host: string;
  readonly port: number;
  readonly advertisedHost: string;
  readonly advertisedPort: number;
};

type Settings = {
  readonly httpHost: string;
  readonly httpAdvertisedHost: string | undefined;
  readonly kafkaEnabled: boolean;
  readonly kafkaHost: string | undefined;
  readonly kafkaPort: number;
  readonly kafkaAdvertisedHost: string | undefined;
  readonly kafkaAdvertisedPort: number;
  readonly kafkaListeners: string | undefined;
  readonly kafkaAdvertisedListeners: string | undefined;
};

/** The listeners of Kafka's protocol, or all that is wrong with their settings. */
export function kafkaListeners(
  settings: Settings,
): { readonly listeners: readonly KafkaListenerConfig[] } | { readonly faults: readonly string[] } {
  if (!settings.kafkaEnabled) return { listeners: [] };
  const faults: string[] = [];
  const more = parseAddresses("kafka.listeners", settings.kafkaListeners, faults);
  const told = parseAddresses(
    "kafka.advertised.listeners",
    settings.kafkaAdvertisedListeners,
    faults,
  );
  const listeners = [firstListener(settings), ...more.values()].map((address) => {
    const { host, port } = told.get(address.listener) ?? advertisedOf(address);
    const { listener } = address;
    if (isWildcard(host)) faults.push(nobodyCanConnect(listener, host));
    return {
      listener,
      host: address.host,
      port: address.port,
      advertisedHost: host,
      advertisedPort: port,
    };
  });
  for (const name of told.keys()) {
    if (more.has(name)) continue;
    faults.push(`"kafka.advertised.listeners" names ${name}, which "kafka.listeners" does not`);
  }
  return faults.length > 0 ? { faults } : { listeners };
}

/** @param settings that were checked. */
export function checkedKafkaListeners(settings: Settings): readonly KafkaListenerConfig[] {
  const read = kafkaListeners(settings);
  assert("listeners" in read, "a configuration is checked before it is used");
  return read.listeners;
}

type Told = { readonly host: string; readonly port: number };

function firstListener(settings: Settings): ListenerAddress & { readonly advertised: Told } {
  const host = settings.kafkaHost ?? settings.httpHost;
  const advertised = {
    host: settings.kafkaAdvertisedHost ?? settings.httpAdvertisedHost ?? host,
    port: settings.kafkaAdvertisedPort,
  };
  return { listener: KAFKA_LISTENER, host, port: settings.kafkaPort, advertised };
}

function advertisedOf(address: ListenerAddress & { readonly advertised?: Told }): Told {
  return address.advertised ?? { host: address.host, port: 0 };
}

const NAMED_ADDRESS = /^([A-Z][A-Z0-9_]{0,63}):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^/:[\]]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

function parseAddresses(
  setting: string,
  text: string | undefined,
  faults: string[],
): Map<string, ListenerAddress> {
  const addresses = new Map<string, ListenerAddress>();
  for (const part of text?.split(",").map((each) => each.trim()) ?? []) {
    const [, listener, bracketed, plain, digits] = NAMED_ADDRESS.exec(part) ?? [];
    const host = bracketed ?? plain;
    const port = Number(digits);
    if (listener === undefined || host === undefined || port > PORT_MAX) {
      faults.push(`"${setting}" takes NAME://host:port with a NAME in capitals, not "${part}"`);
    } else if (listener === HTTP_LISTENER || listener === KAFKA_LISTENER) {
      faults.push(`"${setting}" cannot name ${listener}, which has settings of its own`);
    } else if (addresses.has(listener)) {
      faults.push(`"${setting}" names ${listener} twice`);
    } else {
      addresses.set(listener, { listener, host, port });
    }
  }
  return addresses;
}

/** Every address of the machine: good to listen on, no address to give to others. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function nobodyCanConnect(listener: string, host: string): string {
  const setting =
    listener === KAFKA_LISTENER
      ? '"kafka.advertised.host" is missing'
      : `"kafka.advertised.listeners" does not name ${listener}`;
  return `${setting}: nobody can connect to ${host}, which ${listener} listens on`;
}
