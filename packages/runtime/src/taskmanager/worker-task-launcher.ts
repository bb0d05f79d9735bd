import assert from 'node:assert/strict'
import { TaskManagerOptions } from '@flink-ts/core'
import { likelyThreadLimits } from './memory/likely-thread-limits.js'
import { SlotManagedMemory } from './memory/slot-managed-memory.js'
import type { RunningTask, TaskDeployment, TaskLauncher, TaskListener } from './task-launcher.js'
import { TaskThreadPool } from './task-thread-pool.js'
import { WorkerTask, type WorkerTaskOptions } from './worker-task.js'

export type WorkerTaskLauncherOptions = WorkerTaskOptions

/**
 * Runs each task in a worker thread of its own, so that whatever user code does, this thread stays
 * responsive. A thread is never used for a second task. To be made in the process's main thread.
 */
export class WorkerTaskLauncher implements TaskLauncher {
  readonly #options: WorkerTaskLauncherOptions
  readonly #running = new Set<WorkerTask>()
  readonly #managedMemory = new SlotManagedMemory()
  readonly #threads: TaskThreadPool
  #closed = false

  constructor(options: WorkerTaskLauncherOptions) {
    this.#options = options
    const { clock, configuration, slot } = options
    const size = configuration.get(TaskManagerOptions.TASK_THREAD_POOL_SIZE)
    this.#threads = new TaskThreadPool({ size, clock, firstLimits: likelyThreadLimits(slot) })
  }

  /** Managed memory that tasks have reserved, in bytes. */
  get managedMemoryUsed(): number {
    return this.#managedMemory.usedBytes
  }

  /** @throws InsufficientNetworkBuffersError, TaskHeapTooSmallError */
  launch(deployment: TaskDeployment, listener: TaskListener): RunningTask {
    assert(!this.#closed, 'a closed launcher launches no tasks')
    const shared = { managedMemory: this.#managedMemory, threads: this.#threads }
    const task = new WorkerTask(this.#options, shared, deployment, listener)
    this.#running.add(task)
    void task.released.then(() => this.#running.delete(task))
    return task
  }

  /**
   * Ends what still runs, at first politely and soon by force. Afterwards only threads that cannot be ended are
   * left, which {@link hasStuckThreads} tells.
   */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([this.#threads.close(), ...[...this.#running].map((task) => task.close())])
  }

  /** Whether threads are inside of calls that nothing can end: `process.exit` would wait for them. */
  get hasStuckThreads(): boolean {
    return [...this.#running].some((task) => task.isStuck)
  }
}
