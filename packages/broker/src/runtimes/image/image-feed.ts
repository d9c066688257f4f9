import {
  type Clock,
  type ControllerEpoch,
  errorCode,
  errorMessage,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  sleep,
} from "@zoolog/base";
import { applyImageDelta, type ClusterImage } from "@zoolog/controller";
import type { ControllerLocation, ControllerLocator } from "../membership/controller-locator.ts";
import type { ImageNews, ImagePoll } from "./image-service.ts";

export type ImageFeedDependencies = {
  readonly locator: ControllerLocator;
  /** One `cluster-image` call to the broker at `endpoint`. */
  readonly poll: (
    endpoint: string,
    request: ImagePoll,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ) => Promise<ImageNews>;
  /** Each image that is newer than all before. */
  readonly follow: (image: ClusterImage) => void;
  /** A controller has said that nothing newer is known than what was followed; `sentAt` monotonic. */
  readonly onConfirmed: (sentAt: number) => void;
  /** The poll broke off, or could not be sent. A reason to look, never to act. */
  readonly onBroken: (controller: ControllerLocation) => void;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
};

/** A poll without news also tells each side that the other is there. */
const POLL_WAIT_MS = 2_000;
/** Beyond the wait: the answer may be a full picture of a large cluster, by a busy controller. */
const POLL_ANSWER_MS = 10_000;
const BACKOFF_FIRST_MS = 20;
const BACKOFF_MAX_MS = 1_000;

/**
 * Keeps this broker's picture of the cluster new: polls whoever is controller, applies the
 * differences, asks for a full picture where one does not fit, and never goes back to an image of
 * an older reign. The images of a reign of our own come by `publish`.
 */
export class ImageFeed {
  readonly #dependencies: ImageFeedDependencies;
  readonly #closing = new AbortController();
  #image: ClusterImage | undefined;
  /** The difference did not fit: the next answer has to be whole. */
  #needsFullPicture = false;
  #isConfirmationWanted = false;
  #polling: AbortController | undefined;
  #running: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;
  #failures = 0;

  constructor(dependencies: ImageFeedDependencies) {
    this.#dependencies = dependencies;
  }

  /** The newest of all, whoever decided it. */
  get image(): ClusterImage | undefined {
    return this.#image;
  }

  start(): void {
    const { locator, logger } = this.#dependencies;
    this.#stopListening = locator.onChange(() => this.#polling?.abort());
    this.#running = this.#run();
    runInBackground("follow the controller", logger, async () => {
      await this.#running;
    });
  }

  /** An image that this broker decided as controller. */
  publish(image: ClusterImage): void {
    this.#take(image);
  }

  /** Asks the controller right now whether the image is still the newest. */
  confirm(): void {
    this.#isConfirmationWanted = true;
    this.#polling?.abort();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopListening?.();
    this.#polling?.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { locator } = this.#dependencies;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const controller = await locator.remote(signal);
      if (controller === undefined || signal.aborted) continue;
      await this.#pollOnce(controller);
    }
  }

  async #pollOnce(controller: ControllerLocation): Promise<void> {
    const polling = new AbortController();
    this.#polling = polling;
    try {
      const sentAt = this.#dependencies.clock.monotonic();
      const maxWaitMs = this.#isConfirmationWanted ? 0 : POLL_WAIT_MS;
      this.#isConfirmationWanted = false;
      const news = await this.#dependencies.poll(
        controller.endpoint,
        { ...this.#has(), maxWaitMs },
        { signal: polling.signal, timeoutMs: maxWaitMs + POLL_ANSWER_MS },
      );
      this.#failures = 0;
      if (polling.signal.aborted && news.delta === undefined) return;
      await this.#read(news, controller, sentAt);
    } catch (error) {
      // Given up by ourselves, as somebody else reigns now or an answer is wanted at once.
      if (!polling.signal.aborted) await this.#failed(controller, error);
    } finally {
      this.#polling = undefined;
    }
  }

  #has(): { readonly controllerEpoch?: ControllerEpoch; readonly version?: number } {
    const image = this.#image;
    if (image === undefined) return {};
    const { controllerEpoch, version } = image;
    return this.#needsFullPicture ? { controllerEpoch } : { controllerEpoch, version };
  }

  async #read(news: ImageNews, controller: ControllerLocation, sentAt: number): Promise<void> {
    const { delta } = news;
    if (delta === undefined) {
      if (this.#image?.controllerEpoch === controller.controllerEpoch) {
        this.#dependencies.onConfirmed(sentAt);
      }
      return;
    }
    const update = applyImageDelta(this.#image, delta);
    this.#needsFullPicture = update.outcome === "gap";
    if (update.outcome === "updated") {
      this.#take(update.image);
      this.#dependencies.onConfirmed(sentAt);
    } else if (update.outcome === "stale") {
      const { controllerEpoch, version } = delta;
      this.#dependencies.logger.warn("older image refused", { controllerEpoch, version });
      this.#dependencies.locator.lookAgain();
      await this.#backOff();
    }
  }

  #take(image: ClusterImage): void {
    if (this.#image !== undefined && !isNewer(image, this.#image)) return;
    this.#image = image;
    this.#dependencies.follow(image);
  }

  async #failed(controller: ControllerLocation, error: unknown): Promise<void> {
    const { locator, logger, onBroken } = this.#dependencies;
    const code = errorCode(error);
    const { brokerId: controllerId } = controller;
    logger.debug("image poll failed", { controllerId, error: errorMessage(error) });
    if (code === "NETWORK_EXCEPTION" || code === "CONNECTION_REFUSED") onBroken(controller);
    locator.lookAgain();
    await this.#backOff();
  }

  /** With jitter, so that the brokers of a cluster do not knock at a new controller as one. */
  async #backOff(): Promise<void> {
    const { scheduler, random } = this.#dependencies;
    const delayMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    const { signal } = this.#closing;
    await sleep(scheduler, delayMs * (0.5 + random.next() / 2), signal).catch(() => {});
  }
}

function isNewer(image: ClusterImage, than: ClusterImage): boolean {
  if (image.controllerEpoch !== than.controllerEpoch) {
    return image.controllerEpoch > than.controllerEpoch;
  }
  return image.version > than.version;
}
