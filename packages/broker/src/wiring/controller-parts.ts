import type { BrokerId } from "@zoolog/base";
import type { PeerCalls } from "@zoolog/calls";
import type { ClusterImage, ControllerSettings } from "@zoolog/controller";
import type { CoordinationStore } from "@zoolog/coordination";
import type { BrokerDependencies } from "../broker-dependencies.ts";
import { pollController, sendToController } from "../calls/controller-calls.ts";
import { BrokerWatch } from "../runtimes/controller/broker-watch.ts";
import { ControllerLink } from "../runtimes/controller/controller-link.ts";
import { ControllerRuntime } from "../runtimes/controller/controller-runtime.ts";
import { ControllerWatch } from "../runtimes/controller/controller-watch.ts";
import { ImageFeed } from "../runtimes/image/image-feed.ts";
import { ImageService } from "../runtimes/image/image-service.ts";
import {
  type ControllerLocation,
  ControllerLocator,
} from "../runtimes/membership/controller-locator.ts";
import type { ZnodeFaults } from "../runtimes/znode-faults.ts";

export type ControllerParts = ReturnType<typeof wireController>;

/**
 * The controller as every broker has it: the one that may reign here, and the ways to the one that
 * reigns elsewhere.
 *
 * ```
 * reigns here:      ControllerRuntime ─▶ ImageService (others poll) · ImageFeed.publish ─▶ follow
 * reigns elsewhere: ControllerLocator ─▶ ImageFeed (polls) ─▶ follow · ControllerLink (asks)
 * ```
 */
export function wireController(
  options: {
    readonly brokerId: BrokerId;
    readonly clusterId: string;
    readonly settings: ControllerSettings;
  },
  parts: {
    readonly store: CoordinationStore;
    readonly peers: PeerCalls;
    readonly faults: ZnodeFaults;
    /** Each image that is newer than all before, whoever decided it. */
    readonly follow: (image: ClusterImage) => void;
    /** See `ImageFeedDependencies`. */
    readonly onConfirmed: (askedAt: number) => void;
  },
  dependencies: BrokerDependencies,
) {
  const { store, peers, faults, follow, onConfirmed } = parts;
  const { clock, scheduler, random, network, logger } = dependencies;
  const { brokerId } = options;
  const images = new ImageService({ clock, scheduler });
  const lookAgain = () => controller.lookAgain();
  const locator = new ControllerLocator({ brokerId }, { store, scheduler, logger, lookAgain });
  const succeed = (location: ControllerLocation) => controller.succeed(location);
  const controllerWatch = new ControllerWatch({ store, network, succeed, logger });
  const feed = new ImageFeed({
    locator,
    poll: (endpoint, request, polling) => pollController(peers, endpoint, request, polling),
    follow,
    onConfirmed,
    onBroken: (location) => controllerWatch.suspect(location),
    clock,
    scheduler,
    random,
    logger,
  });
  let hasLooked = false;
  const controller: ControllerRuntime = new ControllerRuntime(options, {
    store,
    clock,
    scheduler,
    logger,
    faults,
    publish: (image) => {
      images.publish(image);
      feed.publish(image);
      if (!hasLooked) brokerWatch.lookAtAll();
      hasLooked = true;
    },
    followed: () => feed.image,
    onIncumbent: (incumbent) => locator.found(incumbent),
    onReign: (controllerEpoch) => {
      hasLooked = false;
      images.begin(controllerEpoch);
    },
    onReignEnded: () => images.end(),
  });
  const brokerWatch = new BrokerWatch(
    { brokerId },
    {
      pollers: images.pollers,
      image: () => controller.image,
      report: (event) => controller.report(event),
      network,
      scheduler,
      logger,
    },
  );
  const link = new ControllerLink({
    controller,
    locator,
    store,
    send: (endpoint, event, sending) => sendToController(peers, endpoint, event, sending),
    scheduler,
  });
  return { controller, images, locator, feed, link, brokerWatch };
}
