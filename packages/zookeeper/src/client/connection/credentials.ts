import { type Deferred, deferred } from "@zoolog/base";
import { errorOfWireCode, type ZooKeeperError } from "../../errors.ts";

export type Credential = {
  readonly scheme: string;
  readonly bytes: Buffer;
  /** Settles with the first answer of a server. */
  readonly answer: Deferred<void>;
};

/**
 * What a session authenticates with. All of it is sent again on each connection; a server answers
 * in the order sent, and its answers carry nothing else to tell them apart.
 */
export class Credentials {
  readonly #all: Credential[] = [];
  #unanswered: Credential[] = [];

  get all(): readonly Credential[] {
    return this.#all;
  }

  add(scheme: string, bytes: Uint8Array): Credential {
    const credential = { scheme, bytes: Buffer.from(bytes), answer: deferred<void>() };
    // Whoever does not wait for the answer learns of a refusal by the state of the client.
    credential.answer.promise.catch(() => {});
    this.#all.push(credential);
    return credential;
  }

  sent(credential: Credential): void {
    this.#unanswered.push(credential);
  }

  connectionEnded(): void {
    this.#unanswered = [];
  }

  /** The refusal, when the server refused the credential that it answers now. */
  answered(wireCode: number): ZooKeeperError | undefined {
    const credential = this.#unanswered.shift();
    if (wireCode === 0) {
      credential?.answer.resolve();
      return undefined;
    }
    const error = errorOfWireCode(wireCode, { operation: `addAuth (${credential?.scheme})` });
    credential?.answer.reject(error);
    return error;
  }

  /** The session ended: no answer comes any more. */
  endSession(error: ZooKeeperError): void {
    for (const { answer } of this.#all) answer.reject(error);
  }
}
