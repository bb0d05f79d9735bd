import type { Offer } from '@flink-ts/mesos-client'

/** Whether the operator has the machine. */
export function isUnderMaintenance(offer: Offer, nowMs: number): boolean {
  const { unavailableFromMs = Number.POSITIVE_INFINITY } = offer
  return unavailableFromMs <= nowMs && !isOver(offer, nowMs)
}

/** Without a maintenance that is over: masters speak of it until the operator takes it out of the schedule. */
export function withoutPastMaintenance(offer: Offer, nowMs: number): Offer {
  if (!isOver(offer, nowMs)) return offer
  const { unavailableFromMs, unavailableUntilMs, ...rest } = offer
  return rest
}

function isOver({ unavailableUntilMs = Number.POSITIVE_INFINITY }: Offer, nowMs: number): boolean {
  return unavailableUntilMs <= nowMs
}
