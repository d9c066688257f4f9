import { applyAll } from "../apply.ts";
import type {
  AlterConfigsEvent,
  ConfigAlteration,
  ConfigResource,
  ConfigsObservedEvent,
} from "../controller-event.ts";
import type { AlteredConfig, Refusal } from "../controller-response.ts";
import type { Decision } from "../decision.ts";
import { CLUSTER_CONFIG_NAME, type ConfigOverrides } from "../image/cluster-image.ts";
import type { ControllerRecord } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { reconcileAll } from "./reconcile.ts";
import { refusal, unknownTopic } from "./refusals.ts";

/** Changes the named configs of each resource and keeps the others (KIP-339). */
export function decideAlterConfigs(state: ControllerState, event: AlterConfigsEvent): Decision {
  const records: ControllerRecord[] = [];
  let next = state;
  const resources = event.alterations.map((alteration): AlteredConfig => {
    const { kind, name } = alteration;
    const error = resourceFault(next, alteration) ?? namesFault(next, alteration);
    if (error !== undefined) return { kind, name, error };

    const altered = alter(next, alteration);
    if ("error" in altered) return { kind, name, error: altered.error };
    const { overrides } = altered;
    if (!event.validateOnly && !sameOverrides(overrides, overridesOf(next, alteration))) {
      const record: ControllerRecord = { type: "configChanged", kind, name, overrides };
      records.push(record);
      next = applyAll(next, [record]);
    }
    return { kind, name, overrides };
  });
  const { requestId } = event;
  return {
    records: [...records, ...electionsAfter(state, next, "configs changed")],
    replies: [{ requestId, response: { type: "alterConfigs", resources } }],
    timers: [],
  };
}

/** Somebody else changed overrides, or we did and read them back. */
export function decideConfigsObserved(
  state: ControllerState,
  event: ConfigsObservedEvent,
): Decision {
  const { kind } = event;
  const observed = new Map(event.configs.map((config) => [config.name, config.overrides]));
  const names =
    kind === "topic"
      ? [...state.image.topics.keys()]
      : [...new Set([...state.image.brokerConfigs.keys(), ...observed.keys()])];
  const records = names.flatMap((name): ControllerRecord[] => {
    const overrides = observed.get(name) ?? {};
    if (sameOverrides(overrides, overridesOf(state, { kind, name }))) return [];
    return [{ type: "configObserved", kind, name, overrides }];
  });
  const next = applyAll(state, records);
  return {
    records: [...records, ...electionsAfter(state, next, "configs changed")],
    replies: [],
    timers: [],
  };
}

/** A config may have made a replica electable that was not. */
function electionsAfter(
  before: ControllerState,
  after: ControllerState,
  cause: string,
): ControllerRecord[] {
  return before === after ? [] : reconcileAll(after, cause);
}

function resourceFault(
  state: ControllerState,
  { kind, name }: ConfigResource,
): Refusal | undefined {
  if (kind === "topic") {
    return state.image.topics.has(name) ? undefined : unknownTopic(name);
  }
  const isBroker = /^(0|[1-9][0-9]{0,9})$/.test(name) || name === CLUSTER_CONFIG_NAME;
  if (isBroker) return undefined;
  return refusal("INVALID_REQUEST", `${name} is neither a broker id nor ${CLUSTER_CONFIG_NAME}`);
}

function namesFault(state: ControllerState, alteration: ConfigAlteration): Refusal | undefined {
  const overrides = overridesOf(state, alteration);
  const seen = new Set<string>();
  for (const { name, operation } of alteration.changes) {
    if (seen.has(name)) return refusal("INVALID_REQUEST", `"${name}" is changed twice`);
    seen.add(name);
    // What another version, or a hand, has left behind can be taken away.
    if (operation === "delete" && Object.hasOwn(overrides, name)) continue;
    const fault = state.settings.configs.fault(alteration, name, undefined);
    if (fault !== undefined) return refusal("INVALID_CONFIG", fault);
  }
  return undefined;
}

/** The overrides of a resource with the changes (KIP-339), or what is wrong with one of them. */
function alter(
  state: ControllerState,
  alteration: ConfigAlteration,
): { readonly overrides: ConfigOverrides } | { readonly error: Refusal } {
  const { configs } = state.settings;
  const overrides = new Map(Object.entries(overridesOf(state, alteration)));
  for (const change of alteration.changes) {
    const { name, operation } = change;
    if (operation === "delete") {
      overrides.delete(name);
      continue;
    }
    let { value } = change;
    if (operation !== "set") {
      const byDefault = configs.listDefault(alteration, name);
      if (byDefault === undefined) {
        const message = `"${name}" is no list: set it instead of ${operation === "append" ? "appending" : "subtracting"}`;
        return { error: refusal("INVALID_CONFIG", message) };
      }
      const items = itemsOf(overrides.get(name)) ?? byDefault;
      value = changedList(items, operation, itemsOf(value) ?? []).join();
    }
    const fault = configs.fault(alteration, name, value);
    if (fault !== undefined) return { error: refusal("INVALID_CONFIG", fault) };
    overrides.set(name, value);
  }
  const sorted = [...overrides].sort(([a], [b]) => (a < b ? -1 : 1));
  return { overrides: Object.fromEntries(sorted) };
}

function itemsOf(value: string | undefined): readonly string[] | undefined {
  const items = value?.split(",").map((item) => item.trim());
  return items?.filter((item) => item !== "");
}

function changedList(
  items: readonly string[],
  operation: "append" | "subtract",
  named: readonly string[],
): readonly string[] {
  if (operation === "subtract") return items.filter((item) => !named.includes(item));
  return [...new Set([...items, ...named])];
}

function overridesOf(state: ControllerState, { kind, name }: ConfigResource): ConfigOverrides {
  const overrides =
    kind === "topic" ? state.image.topics.get(name)?.configs : state.image.brokerConfigs.get(name);
  return overrides ?? {};
}

function sameOverrides(a: ConfigOverrides, b: ConfigOverrides): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
