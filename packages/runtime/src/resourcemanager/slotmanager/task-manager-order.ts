import type { RegisteredTaskManager } from './registered-task-manager.js'

/** How TaskManagers are chosen: `NONE` fills one after the other, the others spread. */
export type LoadBalanceMode = 'NONE' | 'SLOTS' | 'TASKS'

/**
 * Takes slots until `take` has had enough or no TaskManager has one left.
 *
 * @param take takes one slot of the TaskManager. @returns false if it has none that fits
 * @param count of slots to take
 * @returns how many were not found
 */
export function takeSlots(
  mode: LoadBalanceMode,
  taskManagers: Iterable<RegisteredTaskManager>,
  count: number,
  take: (taskManager: RegisteredTaskManager) => boolean,
): number {
  let open = count
  if (mode === 'NONE') {
    for (const taskManager of [...taskManagers]) {
      while (open > 0 && take(taskManager)) open--
      if (open === 0) break
    }
    return open
  }
  const order = new LeastUtilizedFirst(taskManagers)
  for (let next = order.poll(); open > 0 && next !== undefined; next = order.poll()) {
    if (!take(next)) continue
    open--
    order.add(next)
  }
  return open
}

/** Few different utilizations occur among many TaskManagers: so one list for each of them. */
class LeastUtilizedFirst {
  readonly #byUtilization = new Map<number, { at: number; list: RegisteredTaskManager[] }>()
  /** Ascending. */
  readonly #utilizations: number[] = []

  constructor(taskManagers: Iterable<RegisteredTaskManager>) {
    for (const taskManager of taskManagers) this.add(taskManager)
  }

  add(taskManager: RegisteredTaskManager): void {
    const { utilization } = taskManager
    const bucket = this.#byUtilization.get(utilization)
    if (bucket !== undefined) {
      bucket.list.push(taskManager)
      return
    }
    this.#byUtilization.set(utilization, { at: 0, list: [taskManager] })
    const behind = this.#utilizations.findIndex((other) => other > utilization)
    this.#utilizations.splice(behind < 0 ? this.#utilizations.length : behind, 0, utilization)
  }

  poll(): RegisteredTaskManager | undefined {
    const utilization = this.#utilizations[0]
    if (utilization === undefined) return undefined
    const bucket = this.#byUtilization.get(utilization)!
    const first = bucket.list[bucket.at++]!
    if (bucket.at === bucket.list.length) {
      this.#byUtilization.delete(utilization)
      this.#utilizations.shift()
    }
    return first
  }
}
