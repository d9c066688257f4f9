import { BootId } from "./boot-id.ts";
import { ControlGroup } from "./control-group.ts";
import { LoopVolume } from "./loop-volume.ts";
import { Namespaces } from "./namespaces.ts";
import { openFilesFault } from "./open-files.ts";
import { TracedFaults } from "./traced-faults.ts";

/** What of the machine a row needs. Each is tried before the row begins, and answers why not. */
const CAPABILITIES = {
  loopVolumes: () => LoopVolume.fault(),
  bootIds: () => BootId.fault(),
  tracedFaults: () => TracedFaults.fault(),
  namespaces: () => Namespaces.fault(),
  freezer: () => ControlGroup.fault("freezer"),
  memoryLimit: () => ControlGroup.fault("memory"),
  openFiles: () => openFilesFault(),
} satisfies Record<string, () => string | undefined>;

export type Capability = keyof typeof CAPABILITIES;

const known = new Map<Capability, string | undefined>();

/** Why this machine does not have it; `undefined` when it does. Tried once. */
export function capabilityFault(capability: Capability): string | undefined {
  if (!known.has(capability)) known.set(capability, CAPABILITIES[capability]());
  return known.get(capability);
}
