import { assert } from "@zoolog/base";
import type { Metric, Counter as PromCounter, Registry } from "prom-client";

export type Labels = Readonly<Record<string, string>>;

type Sample = { readonly labels: Labels; readonly value: number; readonly metricName?: string };

type Description = {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: () => readonly Sample[];
};

/** A count that only grows, without labels: an addition on the hot path. */
export type Counter = { value: number };

/** A counter per combination of label values; keep those few and known. */
export class LabelledCounter<Name extends string> {
  readonly #names: readonly Name[];
  readonly #counters = new Map<string, Counter & { readonly labels: Labels }>();

  constructor(names: readonly Name[]) {
    this.#names = names;
  }

  /** The counter of these labels; who counts often keeps it. */
  of(labels: Readonly<Record<Name, string>>): Counter {
    const key = this.#names.map((name) => labels[name]).join("\n");
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = { labels, value: 0 };
      this.#counters.set(key, counter);
    }
    return counter;
  }

  samples(): Sample[] {
    return [...this.#counters.values()];
  }
}

/** Seconds from 0.5 ms (a cached fetch) to a minute (a long poll), each bound about twice the last. */
const DURATION_BOUNDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60,
];

/** How long something took. */
export class Durations {
  readonly #counts = new Float64Array(DURATION_BOUNDS.length + 1);
  #sum = 0;
  #count = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bucket] as number)) {
      bucket += 1;
    }
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += seconds;
    this.#count += 1;
  }

  /** None before the first observation: routes that nobody calls should not fill the scrape. */
  samples(name: string, labels: Labels): Sample[] {
    if (this.#count === 0) return [];
    let count = 0;
    const buckets = [...this.#counts].map((inBucket, i): Sample => {
      count += inBucket;
      const le = i < DURATION_BOUNDS.length ? String(DURATION_BOUNDS[i]) : "+Inf";
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: this.#count },
    ];
  }
}

/** Durations per value of one label; keep those few and known. */
export class LabelledDurations {
  readonly #label: string;
  readonly #series = new Map<string, Durations>();

  constructor(label: string) {
    this.#label = label;
  }

  /** The durations of this value; who observes often keeps them. */
  of(value: string): Durations {
    let series = this.#series.get(value);
    if (series === undefined) {
      series = new Durations();
      this.#series.set(value, series);
    }
    return series;
  }

  samples(name: string): Sample[] {
    return [...this.#series].flatMap(([value, series]) =>
      series.samples(name, { [this.#label]: value }),
    );
  }
}

const MICROSECONDS = 1_000_000;

/** The lag of the event loop before anything was measured: NaN, and the largest number there is. */
const UNMEASURED = /^nodejs_eventloop_lag_\w+ (?:NaN|9223372036\S*)\n/gm;

function addTo(registry: Registry, name: string, seconds: number): void {
  const counter = registry.getSingleMetric(name);
  assert(counter !== undefined && "inc" in counter, `prom-client counts ${name}`);
  (counter as PromCounter).inc(seconds);
}

/**
 * Numbers for Prometheus. While the broker works they are plain fields; prom-client copies them at
 * a scrape and is loaded at the first one (35 ms and 10 MB that a start does without).
 */
export class MetricRegistry {
  readonly #descriptions: Description[] = [];
  #registry: Promise<Registry> | undefined;

  counter(name: string, help: string): Counter {
    const counter: Counter = { value: 0 };
    const samples = (): Sample[] => [{ labels: {}, value: counter.value }];
    this.#describe({ name, help, type: "counter", samples });
    return counter;
  }

  /** A count that somebody else keeps; `read` is called at every scrape. */
  total(name: string, help: string, read: () => number): void {
    const samples = (): Sample[] => [{ labels: {}, value: read() }];
    this.#describe({ name, help, type: "counter", samples });
  }

  labelledCounter<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
  ): LabelledCounter<Name> {
    const counter = new LabelledCounter(labels);
    this.#describe({ name, help, type: "counter", samples: () => counter.samples() });
    return counter;
  }

  /** `read` is called at every scrape; it must be cheap and must not fail. */
  gauge(name: string, help: string, read: () => number | readonly Sample[]): void {
    const samples = (): readonly Sample[] => {
      const reading = read();
      return typeof reading === "number" ? [{ labels: {}, value: reading }] : reading;
    };
    this.#describe({ name, help, type: "gauge", samples });
  }

  /** Seconds, in buckets, per value of `label`. */
  durations(name: string, help: string, label: string): LabelledDurations {
    const durations = new LabelledDurations(label);
    this.#describe({ name, help, type: "histogram", samples: () => durations.samples(name) });
    return durations;
  }

  /** The same of durations that somebody else keeps. */
  histogram(name: string, help: string, durations: Durations): void {
    this.#describe({ name, help, type: "histogram", samples: () => durations.samples(name, {}) });
  }

  /** Everything in Prometheus' text format. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#registry ??= this.#load();
    const registry = await this.#registry;
    const text = await registry.metrics();
    return { contentType: registry.contentType, text: text.replace(UNMEASURED, "") };
  }

  #describe(description: Description): void {
    assert(this.#registry === undefined, "metrics are described before the first scrape");
    this.#descriptions.push(description);
  }

  async #load(): Promise<Registry> {
    const { Registry, collectDefaultMetrics } = await import("prom-client");
    const registry = new Registry();
    const used = process.cpuUsage();
    collectDefaultMetrics({ register: registry });
    // It counts from now on; the process has worked before.
    addTo(registry, "process_cpu_user_seconds_total", used.user / MICROSECONDS);
    addTo(registry, "process_cpu_system_seconds_total", used.system / MICROSECONDS);
    addTo(registry, "process_cpu_seconds_total", (used.user + used.system) / MICROSECONDS);
    for (const { samples, ...described } of this.#descriptions) {
      // prom-client asks its metrics for their values by `get` and takes any object that has it.
      const metric = { ...described, get: async () => ({ ...described, values: samples() }) };
      registry.registerMetric(metric as unknown as Metric);
    }
    return registry;
  }
}
