import type { HttpAddress } from "./broker-address.ts";
import type { HttpPlaneOptions } from "./http/http-plane.ts";
import type { HttpPlaneDependencies } from "./http/plane-parts.ts";

/** Where calls of the native protocol come in. */
export interface Plane {
  /** Binds and serves. */
  listen(): Promise<HttpAddress>;
  /** Answers what is under way, then refuses. Idempotent. */
  close(): Promise<void>;
}

export type OpenPlane = (options: HttpPlaneOptions, dependencies: HttpPlaneDependencies) => Plane;
