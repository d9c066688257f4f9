import {
  type AbortSignalLike,
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  type ControllerEpoch,
  deferred,
  type Scheduler,
} from "@zoolog/base";
import { type ClusterImage, type ImageDelta, imageDelta } from "@zoolog/controller";
import { Purgatory } from "@zoolog/replication";
import { notController } from "../errors.ts";
import { ImagePollers } from "./image-pollers.ts";

/** What a broker has, and how long it will wait for something newer. */
export type ImagePoll = {
  readonly controllerEpoch?: ControllerEpoch | undefined;
  readonly version?: number | undefined;
  readonly maxWaitMs: number;
};

/** Without a delta nothing new has come in time. */
export type ImageNews = { readonly delta?: ImageDelta | undefined };

/** Who polls, as the plane has authenticated it. */
export type ImagePoller = {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** Aborts when the connection of the poll breaks. */
  readonly signal: AbortSignalLike;
};

/**
 * Images kept to answer with a difference. They share what did not change, so one costs little; a
 * broker that is further behind gets a full picture.
 */
const HISTORY_IMAGES_MAX = 64;

/** Polls that wait: one per broker, and one more each while a broken connection is noticed. */
const POLLS_WAITING_MAX = 1_000;

const IMAGE_KEY = "image";

/**
 * The controller's side of `cluster-image`: brokers ask what is newer than what they have and wait
 * for it. Nothing is pushed, so there is no queue per broker and no notification to lose
 * (docs/decisions/013-image-over-long-poll.md).
 */
export class ImageService {
  readonly pollers: ImagePollers;
  readonly #clock: Clock;
  readonly #waiting: Purgatory;
  #controllerEpoch: ControllerEpoch | undefined;
  /** Of this reign, oldest first. */
  #history: ClusterImage[] = [];
  /** Differences to the newest image, by the version they start from: brokers ask for the same. */
  readonly #deltas = new Map<number | undefined, ImageDelta>();

  constructor(dependencies: { readonly clock: Clock; readonly scheduler: Scheduler }) {
    this.#clock = dependencies.clock;
    this.#waiting = new Purgatory({ operationsMax: POLLS_WAITING_MAX }, dependencies);
    this.pollers = new ImagePollers(dependencies);
  }

  /** This broker reigns from now on; polls wait for its first image instead of being sent away. */
  begin(controllerEpoch: ControllerEpoch): void {
    this.#controllerEpoch = controllerEpoch;
    this.#history = [];
    this.#deltas.clear();
  }

  publish(image: ClusterImage): void {
    if (image.controllerEpoch !== this.#controllerEpoch) return;
    this.#history.push(image);
    if (this.#history.length > HISTORY_IMAGES_MAX) this.#history.shift();
    this.#deltas.clear();
    this.#waiting.check(IMAGE_KEY);
  }

  /** The reign is over: everybody is sent to look for the next controller. */
  end(): void {
    this.#controllerEpoch = undefined;
    this.#history = [];
    this.#deltas.clear();
    this.pollers.clear();
    this.#waiting.check(IMAGE_KEY);
  }

  /**
   * Answers with what is newer, at once or as soon as there is something.
   *
   * @throws ZoologError `NOT_CONTROLLER`: nobody here reigns, or the caller knows a later reign.
   */
  poll(poll: ImagePoll, poller: ImagePoller): Promise<ImageNews> {
    if (!this.#reigns(poll)) return Promise.reject(notController());
    const answer = deferred<ImageNews>();
    const ended = this.pollers.began(poller);
    let isBroken = false;
    const settle = (news: ImageNews | undefined): void => {
      poller.signal.removeEventListener("abort", onAbort);
      ended(isBroken ? "broken" : "answered");
      if (news === undefined) answer.reject(notController());
      else answer.resolve(news);
    };
    const operation = {
      tryComplete: (): boolean => {
        if (isBroken) settle({});
        else if (!this.#reigns(poll)) settle(undefined);
        else {
          const delta = this.#newerThan(poll);
          if (delta === undefined) return false;
          settle({ delta });
        }
        return true;
      },
      expire: () => settle({}),
    };
    const onAbort = (): void => {
      isBroken = true;
      this.#waiting.check(IMAGE_KEY);
    };
    if (poller.signal.aborted) isBroken = true;
    poller.signal.addEventListener("abort", onAbort, { once: true });
    const deadline = this.#clock.monotonic() + poll.maxWaitMs;
    const parked = this.#waiting.park(operation, { keys: [IMAGE_KEY], deadline });
    if (parked === "full") settle({});
    return answer.promise;
  }

  /** Answers everybody who waits. Idempotent. */
  close(): void {
    this.end();
    this.#waiting.close();
  }

  #reigns({ controllerEpoch: known }: ImagePoll): boolean {
    const mine = this.#controllerEpoch;
    return mine !== undefined && (known === undefined || known <= mine);
  }

  #newerThan({ controllerEpoch, version }: ImagePoll): ImageDelta | undefined {
    const newest = this.#history.at(-1);
    if (newest === undefined) return undefined;
    const ofThisReign = controllerEpoch === newest.controllerEpoch ? version : undefined;
    if (ofThisReign === newest.version) return undefined;
    const from = this.#history.find((image) => image.version === ofThisReign);
    let delta = this.#deltas.get(from?.version);
    if (delta === undefined) {
      delta = imageDelta(from, newest);
      this.#deltas.set(from?.version, delta);
    }
    return delta;
  }
}
