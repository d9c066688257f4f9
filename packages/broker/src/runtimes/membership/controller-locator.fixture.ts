import { type BrokerId, brokerEpoch, silentLogger } from "@zoolog/base";
import { type ManualTime, sampleBroker } from "@zoolog/testkit";
import { ControllerLocator } from "./controller-locator.ts";

/** A locator of one broker among others. Broker N listens at `http://hN:1`, registered with epoch 10 + N. */
export function locatorAmong(
  options: { readonly brokerId: BrokerId; readonly others: readonly number[] },
  dependencies: { readonly time: ManualTime; readonly lookAgain: () => void },
): ControllerLocator {
  const { time, lookAgain } = dependencies;
  const value = options.others.map((id) => ({
    ...sampleBroker(id, {
      endpoints: [{ listener: "HTTP", host: `h${id}`, port: 1, securityProtocol: "PLAINTEXT" }],
    }),
    brokerEpoch: brokerEpoch(10 + id),
  }));
  return new ControllerLocator(
    { brokerId: options.brokerId },
    {
      store: { readBrokers: async () => ({ value, faults: [] }) },
      scheduler: time.scheduler,
      logger: silentLogger,
      lookAgain,
    },
  );
}
