import { type BrokerId, brokerEpoch, brokerId, type Clock, type Logger } from "@zoolog/base";
import { equalInConstantTime, hmacSha256 } from "@zoolog/host";
import type { BrokerPrincipal } from "./principal.ts";

/** Of random bytes, as long as what SHA-256 makes of them: more would add nothing. */
export const BROKER_SECRET_BYTES = 32;

/** A broker of another cluster calls many times a second; one line is enough to find it. */
const WARNING_INTERVAL_MS = 10_000;

const BROKER_ID_MAX = 2 ** 31 - 1;

/** Each broker of a large cluster, in several lives; a proof is made anew when it is not there. */
const REMEMBERED_LIVES_MAX = 1_000;

/** `<brokerId>.<brokerEpoch>.<HMAC-SHA256 in base64url>`. */
const CREDENTIAL = /^(\d{1,10})\.(\d{1,16})\.([\w-]{43})$/;

type KnownLife = { readonly shown: Uint8Array; readonly principal: BrokerPrincipal };

/**
 * How brokers of one cluster know each other: each can make, and check, the credential of any life
 * of any broker (docs/decisions/012-brokers-credential.md).
 */
export class BrokerCredentials {
  readonly #clusterId: string;
  readonly #secret: Uint8Array;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #warnedAt = Number.NEGATIVE_INFINITY;
  /**
   * By life. Brokers call each other hundreds of times a second, and the proof is most of what such a
   * call costs. Only of lives that were proved: whoever invents some has them forgotten at once.
   */
  readonly #known = new Map<string, KnownLife>();
  /** What this broker shows, in the life that it is in. */
  #own: (Omit<BrokerPrincipal, "kind"> & { readonly credential: string }) | undefined;

  /** @param cluster `secret`: base64url, as it stands in ZooKeeper. */
  constructor(
    cluster: { readonly clusterId: string; readonly secret: string },
    dependencies: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#clusterId = cluster.clusterId;
    this.#secret = Buffer.from(cluster.secret, "base64url");
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /** What a broker shows in the life that it is in. */
  of({ brokerEpoch, brokerId }: Omit<BrokerPrincipal, "kind">): string {
    const own = this.#own;
    if (own?.brokerId === brokerId && own.brokerEpoch === brokerEpoch) return own.credential;
    const life = `${brokerId}.${brokerEpoch}`;
    const credential = credentialOf(life, this.#proof(life));
    this.#own = { brokerId, brokerEpoch, credential };
    return credential;
  }

  /** Who shows it; `undefined` for whoever does not know the secret, which is logged. */
  brokerOf(credential: string, remoteAddress: string): BrokerPrincipal | undefined {
    const known = this.#known.get(credential.slice(0, credential.lastIndexOf(".")));
    if (known !== undefined && equalInConstantTime(Buffer.from(credential), known.shown)) {
      return known.principal;
    }
    return this.#proved(credential) ?? this.#refused(credential, remoteAddress);
  }

  #proved(credential: string): BrokerPrincipal | undefined {
    const [, id = "", epoch = "", proof = ""] = CREDENTIAL.exec(credential) ?? [];
    const given = Buffer.from(proof, "base64url");
    // Over the text, so that one life has one spelling.
    const life = `${id}.${epoch}`;
    const expected = this.#proof(life);
    const isProved = equalInConstantTime(given, expected);
    const [claimedId, claimedEpoch] = [Number(id), Number(epoch)];
    const isInRange = claimedId <= BROKER_ID_MAX && Number.isSafeInteger(claimedEpoch);
    if (!isProved || !isInRange) return undefined;
    const principal: BrokerPrincipal = {
      kind: "broker",
      brokerId: brokerId(claimedId),
      brokerEpoch: brokerEpoch(claimedEpoch),
    };
    this.#remember(life, { shown: Buffer.from(credentialOf(life, expected)), principal });
    return principal;
  }

  #refused(credential: string, remoteAddress: string): undefined {
    const [, id = ""] = CREDENTIAL.exec(credential) ?? [];
    this.#warn("refused a broker's credential: it belongs to another cluster, or is forged", {
      remoteAddress,
      ...(id === "" ? {} : { claimedBrokerId: Number(id) }),
    });
    return undefined;
  }

  /** Another broker does not take this one for one of its cluster. */
  refusedBy(endpoint: string, self: BrokerId): void {
    const what = "another broker refused our credential: does it belong to another cluster?";
    this.#warn(what, { endpoint, brokerId: self });
  }

  #proof(life: string): Uint8Array {
    return hmacSha256(this.#secret, `${this.#clusterId}.${life}`);
  }

  #remember(life: string, known: KnownLife): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= REMEMBERED_LIVES_MAX && oldest !== undefined) {
      this.#known.delete(oldest);
    }
    this.#known.set(life, known);
  }

  #warn(what: string, fields: Readonly<Record<string, string | number>>): void {
    const now = this.#clock.monotonic();
    if (now - this.#warnedAt < WARNING_INTERVAL_MS) return;
    this.#warnedAt = now;
    this.#logger.warn(what, { ...fields, clusterId: this.#clusterId });
  }
}

function credentialOf(life: string, proof: Uint8Array): string {
  return `${life}.${Buffer.from(proof).toString("base64url")}`;
}
