import type { CancelTimer } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { SlotWish } from './slot-provider.js'
import type { SlotKind } from './wished-profiles.js'

/** A slot that a TaskManager gave to the job. */
export interface PooledSlot {
  readonly slot: AssignedSlot
  readonly kind: SlotKind
  /** The wish that it was granted to; undefined: it is free. */
  usedFor: SlotWish | undefined
  cancelIdleTimer: CancelTimer | undefined
}

/** The slots of one TaskManager. */
interface TaskManagerSlots {
  readonly all: Set<PooledSlot>
  /** Longest free first. */
  readonly free: Set<PooledSlot>
  /** Tasks that those in use are for. */
  tasks: number
}

/** Whether a free slot may be chosen. */
export type IsSuitable = (pooled: PooledSlot) => boolean

/** The slots of a pool, found by allocation, by TaskManager and, if they are free, by kind. */
export class PooledSlots {
  readonly #all = new Map<string, PooledSlot>()
  readonly #taskManagers = new Map<string, TaskManagerSlots>()
  /** Those that nobody uses, longest free first. */
  readonly #free = new Map<SlotKind, Set<PooledSlot>>()

  get size(): number {
    return this.#all.size
  }

  get(allocationId: string): PooledSlot | undefined {
    return this.#all.get(allocationId)
  }

  [Symbol.iterator](): Iterator<PooledSlot> {
    return this.#all.values()
  }

  of(resourceId: string): Iterable<PooledSlot> {
    return this.#taskManagers.get(resourceId)?.all ?? []
  }

  /** Neither free nor used before {@link freed} or {@link used}. */
  add(pooled: PooledSlot): void {
    const { allocationId, location } = pooled.slot
    this.#all.set(allocationId, pooled)
    const known = this.#taskManagers.get(location.resourceId)
    if (known !== undefined) known.all.add(pooled)
    else {
      const slots = { all: new Set([pooled]), free: new Set<PooledSlot>(), tasks: 0 }
      this.#taskManagers.set(location.resourceId, slots)
    }
  }

  remove(pooled: PooledSlot): void {
    const { allocationId, location } = pooled.slot
    const taskManager = this.#taskManagers.get(location.resourceId)!
    this.#all.delete(allocationId)
    this.#free.get(pooled.kind)?.delete(pooled)
    taskManager.free.delete(pooled)
    taskManager.all.delete(pooled)
    if (pooled.usedFor !== undefined) taskManager.tasks -= tasksOf(pooled.usedFor)
    if (taskManager.all.size === 0) this.#taskManagers.delete(location.resourceId)
  }

  used(pooled: PooledSlot, wish: SlotWish): void {
    const taskManager = this.#taskManagers.get(pooled.slot.location.resourceId)!
    this.#free.get(pooled.kind)?.delete(pooled)
    taskManager.free.delete(pooled)
    taskManager.tasks += tasksOf(wish)
    pooled.usedFor = wish
  }

  freed(pooled: PooledSlot): void {
    const taskManager = this.#taskManagers.get(pooled.slot.location.resourceId)!
    if (pooled.usedFor !== undefined) taskManager.tasks -= tasksOf(pooled.usedFor)
    pooled.usedFor = undefined
    taskManager.free.add(pooled)
    const free = this.#free.get(pooled.kind)
    if (free !== undefined) free.add(pooled)
    else this.#free.set(pooled.kind, new Set([pooled]))
  }

  /** The longest free one, of those TaskManagers first. */
  firstFree(
    taskManagers: readonly string[],
    isOfKind: (kind: SlotKind) => boolean,
    isSuitable: IsSuitable,
  ): PooledSlot | undefined {
    for (const resourceId of taskManagers) {
      for (const pooled of this.#taskManagers.get(resourceId)?.free ?? []) {
        if (isSuitable(pooled) && isOfKind(pooled.kind)) return pooled
      }
    }
    for (const [kind, free] of this.#free) {
      if (!isOfKind(kind)) continue
      for (const pooled of free) if (isSuitable(pooled)) return pooled
    }
    return undefined
  }

  /** A free one of the TaskManager with the fewest tasks. */
  leastBusy(isSuitable: IsSuitable): PooledSlot | undefined {
    let best: { tasks: number; pooled: PooledSlot } | undefined
    for (const { free, tasks } of this.#taskManagers.values()) {
      if (best !== undefined && tasks >= best.tasks) continue
      for (const pooled of free) {
        if (!isSuitable(pooled)) continue
        best = { tasks, pooled }
        break
      }
    }
    return best?.pooled
  }
}

/** How many tasks run in a slot for the wish. */
export function tasksOf({ tasks = 1 }: SlotWish): number {
  return tasks
}
