import { isIP } from "node:net";
import type { ZoologError } from "@zoolog/base";
import { hostRefused, originRefused } from "./errors.ts";

export type OriginRules = {
  /**
   * Host names that this broker answers to, besides `localhost` and plain addresses. `undefined`:
   * any, for a broker that listens to the network, where names are the operator's affair.
   */
  readonly allowedHosts: readonly string[] | undefined;
};

export type OriginHeaders = {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
};

/** Host headers remembered as allowed: each client sends the same one with every call. */
const REMEMBERED_HOSTS_MAX = 64;

/**
 * Keeps web pages out. A page of any site can make its visitor's browser send requests to an
 * address inside the visitor's machine or network:
 * 1. Plainly, across origins: the browser names the page in `Origin`. We send no CORS headers, so
 *    the page cannot read the answer, but a state change would have happened: refused here.
 * 2. By DNS rebinding: the page's own name is made to resolve to 127.0.0.1, and to the browser we
 *    are that page's origin. Only `Host` gives it away; that is why a broker on loopback answers to
 *    `localhost`, to addresses and to names it was told, and to no other.
 */
export class OriginGuard {
  readonly #rules: OriginRules;
  readonly #allowed = new Set<string>();

  constructor({ allowedHosts }: OriginRules) {
    this.#rules = { allowedHosts: allowedHosts?.map((host) => host.toLowerCase()) };
  }

  fault(headers: OriginHeaders): ZoologError | undefined {
    const host = headers.host ?? "";
    if (!this.#allowed.has(host)) {
      if (!isHostAllowed(this.#rules, host)) return hostRefused(host);
      if (this.#allowed.size < REMEMBERED_HOSTS_MAX) this.#allowed.add(host);
    }
    if (headers.origin === undefined) return undefined;
    return originHost(headers.origin) === host.toLowerCase()
      ? undefined
      : originRefused(headers.origin);
  }
}

function isHostAllowed(rules: OriginRules, host: string): boolean {
  if (rules.allowedHosts === undefined) return true;
  // HTTP/1.0 has no Host header, and browsers do not speak it.
  if (host === "") return true;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const isAddress = isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;
  return isAddress || name === "localhost" || rules.allowedHosts.includes(name);
}

/** `host:port` of an origin as a `Host` header writes it; nothing equals that of `null`. */
function originHost(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1];
}
