import { Worker } from 'node:worker_threads'
import type { CancelTimer, Clock } from '@flink-ts/core'
import { clusterModuleUrls } from '../program/cluster-modules.js'
import type { TaskThreadLimits } from './memory/task-thread-limits.js'
import type { TaskThreadReport, TaskThreadSetup } from './task-thread-messages.js'

const THREAD_ENTRY = new URL('./task-thread.js', import.meta.url)
/** Threads are made again when nothing has been deployed for so long, in ms: a deployment needs the cores itself. */
const REFILL_DELAY_MS = 500
/** How long threads wait for tasks that should come back, in ms: longer than sessions of leaders usually last. */
const RETURN_PATIENCE_MS = 120_000

interface WaitingThread {
  readonly limits: TaskThreadLimits
  /** In place of a task that has ended, over the size of the pool. */
  readonly isReplacement: boolean
}

/**
 * Threads that have loaded the runtime and wait for a task. Each is given away once. The limits of a heap are set when
 * its thread starts: those that wait have the limits that the latest task had, and others are not given to a task.
 */
export class TaskThreadPool {
  readonly #size: number
  readonly #clock: Clock
  #limits: TaskThreadLimits | undefined
  readonly #waiting = new Map<Worker, WaitingThread>()
  /** Of threads that are to be made one after the other, in place of tasks that have ended. */
  #replacements: TaskThreadLimits[] = []
  /** The replacement that has not loaded everything yet. */
  #loading: Worker | undefined
  #refill: CancelTimer | undefined
  #endOfPatience: CancelTimer | undefined
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
    if (!isSame) void this.#drop((thread) => !thread.isReplacement)
    this.#limits = limits
    this.#refillLater()
    for (const [worker, thread] of this.#waiting) {
      if (!equalLimits(thread.limits, limits)) continue
      this.#waiting.delete(worker)
      // A Worker listens to itself, too.
      for (const event of ['error', 'exit', 'message']) worker.removeAllListeners(event)
      worker.ref()
      this.#loaded(worker)
      return worker
    }
    // The task has come before the thread that was to wait for it.
    const expected = this.#replacements.findIndex((each) => equalLimits(each, limits))
    if (expected >= 0) this.#replacements.splice(expected, 1)
    return startThread(limits, [])
  }

  /**
   * A task has ended that should come back soon, as its job is recovered: one more thread waits for it, for two minutes. Such
   * threads are made one after the other, so that whoever recovers the job has a core.
   */
  expectReturn(limits: TaskThreadLimits): void {
    if (this.#closed || this.#size === 0) return
    this.#replacements.push(limits)
    this.#endOfPatience?.()
    this.#endOfPatience = this.#clock.schedule(RETURN_PATIENCE_MS, () => {
      this.#replacements = []
      void this.#drop((thread) => thread.isReplacement)
    })
    this.#makeReplacement()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#replacements = []
    this.#refill?.()
    this.#endOfPatience?.()
    await this.#drop(() => true)
  }

  async #drop(isDropped: (thread: WaitingThread) => boolean): Promise<void> {
    const dropped = [...this.#waiting].filter(([, thread]) => isDropped(thread))
    for (const [worker] of dropped) this.#waiting.delete(worker)
    await Promise.all(dropped.map(([worker]) => worker.terminate()))
  }

  #refillLater(): void {
    this.#refill?.()
    if (this.#size === 0) return
    this.#refill = this.#clock.schedule(REFILL_DELAY_MS, () => {
      if (!this.#closed) this.#fill(this.#limits!)
    })
  }

  #fill(limits: TaskThreadLimits): void {
    while (this.#standing < this.#size) this.#make({ limits, isReplacement: false })
  }

  get #standing(): number {
    return [...this.#waiting.values()].filter(({ isReplacement }) => !isReplacement).length
  }

  #makeReplacement(): void {
    if (this.#loading !== undefined) return
    const limits = this.#replacements.shift()
    if (limits === undefined) return
    const worker = this.#make({ limits, isReplacement: true })
    this.#loading = worker
    worker.on('message', ({ type }: TaskThreadReport) => {
      if (type === 'preloaded') this.#loaded(worker)
    })
  }

  #loaded(worker: Worker): void {
    if (this.#loading !== worker) return
    this.#loading = undefined
    this.#makeReplacement()
  }

  #make(thread: WaitingThread): Worker {
    const worker = startThread(thread.limits, clusterModuleUrls())
    // One that fails is not needed: its successor tells why, with its task.
    worker.on('error', () => {})
    worker.on('exit', () => {
      this.#waiting.delete(worker)
      this.#loaded(worker)
    })
    worker.unref()
    this.#waiting.set(worker, thread)
    return worker
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
