import type { ResourceProfile, ResourceRequirement } from '../../messages/messages.generated.js'
import type { WorkerResourceSpec } from '../resource-manager-driver.js'
import { multiplyProfile, profileFits, subtractProfiles, timesInto } from './resource-profiles.js'

interface NewWorker {
  free: ResourceProfile
  freeSlots: number
}

/**
 * Puts what jobs miss into workers that do not exist yet, to see how many it takes. First fit; the time it
 * takes grows with the number of different requirements and of workers, not of slots.
 */
export class WorkerDemand {
  readonly #spec: WorkerResourceSpec
  readonly #maxWorkers: number
  readonly #fineGrained: boolean
  readonly #workers: NewWorker[] = []
  /** Those before have no room for a default slot. */
  #firstWithRoom = 0

  constructor(options: { spec: WorkerResourceSpec; maxWorkers: number; fineGrained: boolean }) {
    this.#spec = options.spec
    this.#maxWorkers = options.maxWorkers
    this.#fineGrained = options.fineGrained
  }

  /** Workers that are needed for all that was put in. */
  get workers(): number {
    return this.#workers.length
  }

  /** Of default slots in these workers that nobody needs. */
  get freeSlots(): number {
    return this.#workers.reduce((sum, { freeSlots }) => sum + freeSlots, 0)
  }

  /** @returns how many of its slots fit nowhere, not even into as many workers as there may be */
  put({ profile, numberOfRequiredSlots }: ResourceRequirement): number {
    const isDynamic = profile !== undefined && this.#fineGrained
    if (!isDynamic && !profileFits(profile, this.#spec.slotProfile)) return numberOfRequiredSlots
    const slot = isDynamic ? profile : this.#spec.slotProfile
    let open = numberOfRequiredSlots
    for (let i = isDynamic ? 0 : this.#firstWithRoom; i < this.#workers.length && open > 0; i++) {
      open -= this.#fill(this.#workers[i]!, slot, isDynamic, open)
      if (!isDynamic && open > 0) this.#firstWithRoom = i + 1
    }
    while (open > 0 && this.#workers.length < this.#maxWorkers) {
      const { totalProfile, numberOfSlots } = this.#spec
      const worker = { free: totalProfile, freeSlots: numberOfSlots }
      const filled = this.#fill(worker, slot, isDynamic, open)
      if (filled === 0) break
      this.#workers.push(worker)
      open -= filled
    }
    return open
  }

  #fill(worker: NewWorker, slot: ResourceProfile, isDynamic: boolean, open: number): number {
    const room = timesInto(slot, worker.free)
    const count = Math.min(open, room, isDynamic ? open : worker.freeSlots)
    if (count === 0) return 0
    worker.free = subtractProfiles(worker.free, multiplyProfile(slot, count))
    const share = timesInto(this.#spec.slotProfile, worker.free)
    worker.freeSlots = Math.min(isDynamic ? worker.freeSlots : worker.freeSlots - count, share)
    return count
  }
}
