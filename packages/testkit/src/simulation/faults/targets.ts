import { oneOf, shuffled } from "../chance.ts";
import type { SimulatedHost } from "../world/simulated-host.ts";
import type { FaultContext } from "./fault-context.ts";

type Role = "any" | "leader" | "follower" | "controller" | "coordinator";

/** Faults aim: what is rare in a cluster of five must not be rare among what is struck. */
const ROLES: readonly [Role, ...Role[]] = [
  "any",
  "any",
  "leader",
  "follower",
  "controller",
  "coordinator",
];

/** A broker's host that runs, also while it starts; of the role that is drawn, if one has it. */
export function runningHost(
  context: FaultContext,
  fits: (host: SimulatedHost) => boolean = () => true,
): SimulatedHost | undefined {
  const { world, view, random } = context;
  const role = oneOf(ROLES, random);
  const hosts = shuffled(world.hosts, random).filter(
    (host) => host.process !== undefined && !host.process.isPaused && fits(host),
  );
  const inRole = hosts.filter(({ brokerId }) => {
    if (role === "leader") return view.leads(brokerId);
    if (role === "follower") return view.follows(brokerId);
    if (role === "controller") return view.controller === brokerId;
    return role === "any" || view.coordinates(brokerId);
  });
  return inRole[0] ?? hosts[0];
}

export function namesOf(hosts: readonly { readonly name: string }[]): string[] {
  return hosts.map(({ name }) => name);
}
