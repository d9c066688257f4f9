import { seededRandom } from "../../../seeded-random.ts";
import type { SimulatedHost } from "../../world/simulated-host.ts";
import { World } from "../../world/world.ts";
import { ClusterView } from "../cluster-view.ts";
import { Disturbances } from "../disturbances.ts";
import type { FaultContext } from "../fault-context.ts";
import { Clogs } from "../network/clogs.ts";
import { Supervisor } from "../supervisor.ts";
import { killAll, rollingRestart } from "./process-faults.ts";

/** A budget that lets all be stopped together, and of single ones not this one. */
function sparing(spared: SimulatedHost | undefined): FaultContext["budget"] {
  const budget = {
    mayStop: (hosts: readonly SimulatedHost[]) => hosts.length > 1 || hosts[0] !== spared,
    mayEnd: () => true,
    excusesStart: () => true,
  };
  return budget as unknown as FaultContext["budget"];
}

test.each([
  ["a rolling restart", rollingRestart],
  ["killing all, one after the other,", killAll],
])("%s leaves alone who has become the last sound one meanwhile", async (_what, fault) => {
  const world = new World({ seed: 1 });
  const { hosts, network, schedule } = world;
  await world.outcome(Promise.all(hosts.map((host) => host.start())));
  const before = hosts.map(({ process }) => process);
  const budget = sparing(hosts[1]);
  const context: FaultContext = {
    ...{ world, budget, view: new ClusterView(world), random: seededRandom(1) },
    supervisor: new Supervisor({ hosts, schedule, budget }),
    disturbances: new Disturbances(world),
    clogs: new Clogs({ network }),
    wait: (ms) => world.wait(ms),
    note: () => {},
    begin: () => {},
  };

  await world.outcome(fault(context));

  const isSame = hosts.map(({ process }, index) => process === before[index]);
  expect(isSame).toEqual([false, true, false]);
  world.close();
});
