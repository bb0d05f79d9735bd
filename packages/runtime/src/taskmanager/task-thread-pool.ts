import { Worker } from 'node:worker_threads'
import type { CancelTimer, Clock } from '@flink-ts/core'
import { clusterModuleUrls } from '../program/cluster-modules.js'
import type { TaskThreadLimits } from './memory/task-thread-limits.js'
import type { TaskThreadSetup } from './task-thread-messages.js'

const THREAD_ENTRY = new URL('./task-thread.js', import.meta.url)
/** Threads are made again when nothing has been deployed for so long, in ms: a deployment needs the cores itself. */
const REFILL_DELAY_MS = 500

/**
 * Threads that have loaded the runtime and wait for a task. Each is given away once. The limits of a heap are set when
 * its thread starts: those that wait have the limits that the latest task had, and others are not given to a task.
 */
export class TaskThreadPool {
  readonly #size: number
  readonly #clock: Clock
  #limits: TaskThreadLimits | undefined
  readonly #waiting = new Set<Worker>()
  #refill: CancelTimer | undefined
  #closed = false

  /** @param firstLimits what the first task is likely to have; absent: no thread waits before the first task */
  constructor(options: { size: number; clock: Clock; firstLimits?: TaskThreadLimits | undefined }) {
    this.#size = options.size
    this.#clock = options.clock
    this.#limits = options.firstLimits
    if (this.#limits !== undefined) this.#fill(this.#limits)
  }

  /** Threads that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** A thread for one task; the caller ends it. */
  take(limits: TaskThreadLimits): Worker {
    const isSame = this.#limits !== undefined && equalLimits(this.#limits, limits)
    if (!isSame) void this.#drop()
    this.#limits = limits
    this.#refillLater()
    for (const worker of this.#waiting) {
      this.#waiting.delete(worker)
      worker.removeAllListeners()
      worker.ref()
      return worker
    }
    return startThread(limits, [])
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#refill?.()
    await this.#drop()
  }

  async #drop(): Promise<void> {
    const dropped = [...this.#waiting]
    this.#waiting.clear()
    await Promise.all(dropped.map((worker) => worker.terminate()))
  }

  #refillLater(): void {
    this.#refill?.()
    if (this.#size === 0) return
    this.#refill = this.#clock.schedule(REFILL_DELAY_MS, () => {
      if (!this.#closed) this.#fill(this.#limits!)
    })
  }

  #fill(limits: TaskThreadLimits): void {
    while (this.#waiting.size < this.#size) {
      const worker = startThread(limits, clusterModuleUrls())
      // One that fails is not needed: its successor tells why, with its task.
      worker.on('error', () => {})
      worker.on('exit', () => this.#waiting.delete(worker))
      worker.unref()
      this.#waiting.add(worker)
    }
  }
}

function startThread(limits: TaskThreadLimits, preload: readonly string[]): Worker {
  const workerData: TaskThreadSetup = { preload }
  return new Worker(THREAD_ENTRY, { name: 'task', workerData, resourceLimits: { ...limits } })
}

function equalLimits(a: TaskThreadLimits, b: TaskThreadLimits): boolean {
  return (
    a.maxOldGenerationSizeMb === b.maxOldGenerationSizeMb &&
    a.maxYoungGenerationSizeMb === b.maxYoungGenerationSizeMb
  )
}
