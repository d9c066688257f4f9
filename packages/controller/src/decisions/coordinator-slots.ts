import { type BrokerId, type CoordinatorEpoch, coordinatorEpoch } from "@zoolog/base";
import { applyAll } from "../apply.ts";
import type { Decision } from "../decision.ts";
import type { SlotImage } from "../image/cluster-image.ts";
import type { ObservedSlot } from "../observed-cluster.ts";
import { assignSlots } from "../placement/slot-assignment.ts";
import type { ControllerRecord, SlotChanged, SlotObserved } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";

/** The version of a znode that was just created. */
const FIRST_COORDINATOR_EPOCH: CoordinatorEpoch = coordinatorEpoch(0);

/**
 * What must change so that every slot has a coordinator that is there, each of them about as many.
 * A broker that registered anew has lost what it knew of its groups: it gets its slots again under
 * new epochs. While nobody is there, all stays as it is.
 */
export function reconcileSlots(state: ControllerState, cause: string): SlotChanged[] {
  const { brokers, coordinators } = state.image;
  const able = ableBrokers(state);
  if (able.length === 0) return [];
  const held = coordinators.map((slot) => ({
    brokerId: slot.brokerId,
    isOver: !isInOffice(state, slot),
  }));
  const assigned = assignSlots(held, able);
  return coordinators.flatMap((slot): SlotChanged[] => {
    const brokerId = assigned[slot.slot];
    const broker = brokerId === undefined ? undefined : brokers.get(brokerId);
    if (broker === undefined) return [];
    if (slot.brokerId === broker.brokerId && isInOffice(state, slot)) return [];
    return [
      {
        type: "slotChanged",
        slot: slot.slot,
        expectedCoordinatorEpoch: state.slotVersions.get(slot.slot),
        coordinatorEpoch: nextCoordinatorEpoch(slot.coordinatorEpoch),
        controllerEpoch: state.image.controllerEpoch,
        brokerId: broker.brokerId,
        brokerEpoch: broker.brokerEpoch,
        reason: cause,
      },
    ];
  });
}

/** Takes over what somebody else wrote, and assigns again what is not there or does not fit. */
export function decideSlotsObserved(
  state: ControllerState,
  observed: readonly ObservedSlot[],
): Decision {
  const found = new Map(observed.map((slot) => [slot.slot, slot]));
  const news = state.image.coordinators.flatMap((known): SlotObserved[] => {
    const stored = found.get(known.slot);
    if (stored === undefined) {
      if (!state.slotVersions.has(known.slot)) return [];
      return [{ type: "slotObserved", slot: known.slot, stored: undefined }];
    }
    const same =
      stored.coordinatorEpoch === state.slotVersions.get(known.slot) &&
      stored.brokerId === known.brokerId &&
      stored.brokerEpoch === known.brokerEpoch;
    return same ? [] : [{ type: "slotObserved", slot: known.slot, stored }];
  });
  if (news.length === 0) return { records: [], replies: [], timers: [] };
  const changes = reconcileSlots(applyAll(state, news), "its slot was changed by hand");
  const records: ControllerRecord[] = [...news, ...changes];
  return { records, replies: [], timers: [] };
}

/** Its coordinator lives the life that was meant, and its znode says so. */
function isInOffice(state: ControllerState, slot: SlotImage): boolean {
  if (slot.brokerId === undefined) return false;
  if (state.slotVersions.get(slot.slot) !== slot.coordinatorEpoch) return false;
  return state.image.brokers.get(slot.brokerId)?.brokerEpoch === slot.brokerEpoch;
}

/** Whoever is about to leave coordinates only while nobody else can. */
function ableBrokers(state: ControllerState): readonly BrokerId[] {
  const there = [...state.image.brokers.values()].filter(
    ({ brokerId }) => !state.unreachable.has(brokerId),
  );
  const staying = there.filter(({ shuttingDown }) => !shuttingDown);
  return (staying.length > 0 ? staying : there).map(({ brokerId }) => brokerId);
}

/** Also over a znode that was removed: whoever coordinated under the old one must not fit the new. */
function nextCoordinatorEpoch(known: CoordinatorEpoch | undefined): CoordinatorEpoch {
  return known === undefined ? FIRST_COORDINATOR_EPOCH : coordinatorEpoch(known + 1);
}
