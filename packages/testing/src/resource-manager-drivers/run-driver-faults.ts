import type { DriverClock } from './driver-clock.js'
import type { WorkerDemand } from './worker-demand.js'

/** How often the ResourceManager looks after its workers. Milliseconds. */
const STEP_MS = 500

/** Workers that are needed at the beginning. */
const FIRST_NEEDED = 4

/** Something that happens, and how long nothing else does. */
export interface DriverFault<K extends string> {
  readonly kind: K
  /** Which one, how much, how often: whatever the kind needs. */
  readonly number: number
  readonly afterMs: number
}

/** A driver and its cluster manager, as far as faults need them. */
export interface DriverUnderFaults<K extends string> {
  readonly clock: DriverClock
  readonly demand: WorkerDemand
  /** The first term begins. */
  begin(): Promise<void>
  apply(fault: DriverFault<K>): Promise<void>
  /** Before each step of time, as to start what has ended. */
  beforeStep?(): Promise<void>
  /** All faults end, and time passes until their traces may be expected to be gone; see {@link settle}. */
  heal(): Promise<void>
  /** Ids of the workers that the cluster manager runs. */
  running(): readonly string[]
  /** Of what is its own. @throws AssertionError unless all is as it should be */
  check(held: readonly string[]): void
  /** Whatever the outcome. */
  close(): Promise<void>
}

/**
 * Lets a driver go through one fault after the other, then looks whether the workers are those that are needed: no more, no
 * less, and nobody was told nonsense.
 *
 * @param faults `demand` is a change of the number of workers that are needed, the others are the cluster manager's
 * @throws AssertionError if not
 */
export async function runDriverFaults<K extends string>(
  under: DriverUnderFaults<K>,
  faults: readonly DriverFault<K | 'demand'>[],
): Promise<void> {
  const { demand } = under
  try {
    await under.begin()
    demand.needed = FIRST_NEEDED
    for (const fault of faults) {
      if (isOfDriver(fault)) await under.apply(fault)
      else demand.needed = fault.number % (3 * FIRST_NEEDED)
      await settle(under, fault.afterMs)
    }
    await under.heal()
    demand.check(under.running())
    under.check(demand.held)
  } finally {
    await under.close()
  }
}

/** Time passes, and the ResourceManager looks after its workers. */
export async function settle(
  under: Pick<DriverUnderFaults<never>, 'clock' | 'demand' | 'beforeStep'>,
  ms: number,
): Promise<void> {
  for (let past = 0; past < ms; past += STEP_MS) {
    await under.beforeStep?.()
    under.demand.reconcile()
    await under.clock.advance(STEP_MS)
  }
}

/** The term ends in good order, and the time passes that this takes. */
export async function stopLeading(
  under: Pick<DriverUnderFaults<never>, 'clock' | 'demand'>,
): Promise<void> {
  const ended = under.demand.stopLeading()
  await under.clock.advance(1_000)
  await ended
}

function isOfDriver<K extends string>(fault: DriverFault<K | 'demand'>): fault is DriverFault<K> {
  return fault.kind !== 'demand'
}
