import type { SimulatedNetwork } from "../network/simulated-network.ts";
import type { SimulatedProcess } from "../schedule/simulated-process.ts";

/** What one end of a stream is told. Set before anything can arrive: in the turn that opens it. */
export type StreamHandlers<T> = {
  opened?: () => void;
  received?: (item: T) => void;
  /** Once; nothing is received afterwards. A connection that was refused or reset has an error. */
  closed?: (error: Error | undefined) => void;
};

/** Takes the other end of a new stream, and says what is to be told to it. */
export type Accept = (stream: StreamEnd<never>) => void;

/**
 * Connections over a `SimulatedNetwork`, as kernels make them: what is sent arrives in order or not at
 * all, a process that is paused is connected to and does not answer, one that was killed resets its
 * connections, and a machine without power says nothing ever again.
 */
export class SimulatedStreams {
  readonly #network: SimulatedNetwork;
  readonly #listeners = new Map<string, { process: SimulatedProcess; accept: Accept }>();
  readonly #open = new Set<StreamEnd<never>>();
  /** Machines that are off. */
  readonly #dark = new Set<string>();

  constructor(dependencies: { readonly network: SimulatedNetwork }) {
    this.#network = dependencies.network;
  }

  /** Until the process is gone. */
  listen(process: SimulatedProcess, port: number, accept: Accept): void {
    this.#dark.delete(process.name);
    this.#listeners.set(`${process.name}:${port}`, { process, accept });
  }

  connect<T>(
    process: SimulatedProcess,
    to: { readonly host: string; readonly port: number },
  ): StreamEnd<T> {
    this.#dark.delete(process.name);
    const near = this.#end<T>(process, to.host);
    this.#network.send(process.name, to.host, "connect", () => {
      if (this.#dark.has(to.host)) return;
      const listener = this.#listeners.get(`${to.host}:${to.port}`);
      if (listener === undefined) {
        this.#network.send(to.host, process.name, "refused", () => near.broken("ECONNREFUSED"));
        return;
      }
      const far = this.#end<T>(listener.process, process.name);
      near.peer = far;
      far.peer = near;
      // The kernel answers for the process, which need not be running.
      listener.process.receive(() => listener.accept(far as unknown as StreamEnd<never>));
      this.#network.send(to.host, process.name, "connected", () => near.opened());
    });
    return near;
  }

  /** The process was killed: its kernel resets what it had open. */
  reset(process: SimulatedProcess): void {
    this.#forget(process, (end) => end.reset());
  }

  /** The machine has no power: nobody is told. */
  vanish(process: SimulatedProcess): void {
    this.#dark.add(process.name);
    this.#forget(process, (end) => end.vanished());
  }

  #forget(process: SimulatedProcess, each: (end: StreamEnd<never>) => void): void {
    for (const [endpoint, listener] of this.#listeners) {
      if (listener.process === process) this.#listeners.delete(endpoint);
    }
    for (const end of [...this.#open]) if (end.process === process) each(end);
  }

  #end<T>(process: SimulatedProcess, other: string): StreamEnd<T> {
    const end: StreamEnd<T> = new StreamEnd<T>(process, {
      send: (kind, deliver) =>
        this.#network.send(process.name, other, kind, () => {
          if (!this.#dark.has(other)) deliver();
        }),
      ended: () => this.#open.delete(end as unknown as StreamEnd<never>),
    });
    this.#open.add(end as unknown as StreamEnd<never>);
    return end;
  }
}

type Way = {
  readonly send: (kind: string, deliver: () => void) => void;
  readonly ended: () => void;
};

/** One end of a connection. */
export class StreamEnd<T> {
  readonly process: SimulatedProcess;
  readonly handlers: StreamHandlers<T> = {};
  /** `undefined` until the connection has reached the other side. */
  peer: StreamEnd<T> | undefined;
  readonly #way: Way;
  #sent = 0;
  #taken = 0;
  /** Came before what was sent before it. */
  readonly #early = new Map<number, () => void>();
  #isOpen = true;

  constructor(process: SimulatedProcess, way: Way) {
    this.process = process;
    this.#way = way;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(kind: string, item: T): void {
    if (!this.#isOpen) return;
    this.#inOrder(kind, (far) => far.#tell(() => far.handlers.received?.(item)));
  }

  /** Closes this end; the other one is told behind everything that was sent. */
  end(): void {
    if (!this.#isOpen) return;
    this.#inOrder("end", (far) => far.#closes(undefined));
    this.vanished();
  }

  /** Closes at once; the other end is told without regard to what is under way. */
  reset(): void {
    if (!this.#isOpen) return;
    this.#way.send("reset", () => this.peer?.broken("ECONNRESET"));
    this.vanished();
  }

  /** Closed, and nobody is told. */
  vanished(): void {
    this.#isOpen = false;
    this.#early.clear();
    this.#way.ended();
  }

  opened(): void {
    this.#tell(() => this.handlers.opened?.());
  }

  broken(code: string): void {
    this.#closes(Object.assign(new Error(code), { code }));
  }

  #closes(error: Error | undefined): void {
    if (!this.#isOpen) return;
    this.#tell(() => {
      this.vanished();
      this.handlers.closed?.(error);
    });
  }

  /** Who is paused hears of it when it goes on; who has closed does not. */
  #tell(task: () => void): void {
    this.process.receive(() => {
      if (this.#isOpen) task();
    });
  }

  #inOrder(kind: string, arrive: (far: StreamEnd<T>) => void): void {
    const place = this.#sent++;
    this.#way.send(kind, () => {
      const far = this.peer;
      if (far === undefined) return;
      // Nobody is there any more: the kernel there says so.
      if (!far.#isOpen) {
        far.#way.send("reset", () => this.broken("ECONNRESET"));
        return;
      }
      far.#early.set(place, () => arrive(far));
      for (let next = far.#take(); next !== undefined; next = far.#take()) next();
    });
  }

  #take(): (() => void) | undefined {
    const next = this.#early.get(this.#taken);
    if (next === undefined) return undefined;
    this.#early.delete(this.#taken);
    this.#taken += 1;
    return next;
  }
}
