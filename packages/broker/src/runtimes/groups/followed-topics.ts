import type { Scheduler, Timer } from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";
import { coordinatorNotAvailable } from "./errors.ts";
import { ImageTopics, sameTopics } from "./image-topics.ts";

/** Topics that come one after the other are one change to the groups. */
const TOPICS_SETTLE_MS = 50;

/** The topics as groups look at them: those of the image that is followed. */
export class FollowedTopics {
  readonly #onChange: () => void;
  readonly #scheduler: Scheduler;
  #image: ClusterImage | undefined;
  #view: ImageTopics | undefined;
  #settling: Timer | undefined;

  /** @param options.onChange topics have come, gone or grown since somebody looked. */
  constructor(
    options: { readonly onChange: () => void },
    dependencies: { readonly scheduler: Scheduler },
  ) {
    this.#onChange = options.onChange;
    this.#scheduler = dependencies.scheduler;
  }

  /**
   * The same one while the topics are the same.
   *
   * @throws ZoologError `COORDINATOR_NOT_AVAILABLE`: there is no image yet.
   */
  get view(): ImageTopics {
    if (this.#image === undefined) throw coordinatorNotAvailable("no picture of the cluster yet");
    this.#view ??= new ImageTopics(this.#image);
    return this.#view;
  }

  follow(image: ClusterImage): void {
    const before = this.#image;
    const isSeen = this.#view !== undefined;
    if (isSeen && before !== undefined && sameTopics(before, image)) return;
    this.#image = image;
    this.#view = undefined;
    if (!isSeen) return;
    this.#settling ??= this.#scheduler.after(TOPICS_SETTLE_MS, () => {
      this.#settling = undefined;
      this.#onChange();
    });
  }

  close(): void {
    this.#settling?.cancel();
  }
}
