/**
 * Heartbeats of one client that wait at coordinators: each occupies one of the client's connections
 * to that broker, of which there are 128, and reads and commits need them too.
 */
const WAITING_MAX = 32;

/** Shared by the consumers of one client. Who gets no place does not wait; see decision 026. */
export class WaitingPlaces {
  #taken = 0;

  take(): boolean {
    if (this.#taken >= WAITING_MAX) return false;
    this.#taken += 1;
    return true;
  }

  giveBack(): void {
    this.#taken -= 1;
  }
}
