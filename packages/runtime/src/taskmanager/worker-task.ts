import { dirname } from 'node:path'
import type { Worker } from 'node:worker_threads'
import {
  type Clock,
  Configuration,
  type Logger,
  type SerializedError,
  serializeError,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { CheckpointBarrier, TaskManagerShuffle } from '@flink-ts/network'
import type { TaskMetrics } from '../messages/messages.generated.js'
import { prepareClusterModules } from '../program/cluster-modules.js'
import { JobMasterLostError } from '../taskexecutor/task-executor-errors.js'
import { managedShares, taskNameWithSubtask } from './assemble-task.js'
import { explainThreadExit } from './explain-thread-exit.js'
import { groupRemedy, slotRemedy } from './memory/check-task-heap.js'
import type { SlotManagedMemory } from './memory/slot-managed-memory.js'
import type { SlotResources } from './memory/slot-sharing.js'
import { type TaskThreadLimits, taskThreadLimits } from './memory/task-thread-limits.js'
import { TaskCounters } from './metrics/task-counters.js'
import { TaskCancellationError } from './task-errors.js'
import type { RunningTask, TaskDeployment, TaskListener } from './task-launcher.js'
import { TaskNetwork, type UserMetrics } from './task-network.js'
import { isTerminalTaskState, type TaskState } from './task-state.js'
import { TaskThreadControl } from './task-thread-control.js'
import type { TaskThreadCommand, TaskThreadData, TaskThreadReport } from './task-thread-messages.js'
import type { TaskThreadPool } from './task-thread-pool.js'
import { WorkerCancellation } from './worker-cancellation.js'

export interface WorkerTaskOptions {
  /** Made without `defer`, in this thread. */
  readonly shuffle: TaskManagerShuffle
  readonly clock: Clock
  readonly log: Logger
  /** The cluster's; a job's goes over it. */
  readonly configuration: Configuration
  /** What each slot has; tasks whose deployment names no slot have one like it for themselves. */
  readonly slot: SlotResources
}

/** What the tasks of one launcher share. */
export interface SharedByTasks {
  readonly managedMemory: SlotManagedMemory
  readonly threads: TaskThreadPool
}

/** How long a thread may take to end by itself when its process ends, in ms. */
const CLOSE_PATIENCE_MS = 3000
/** How long it may then take to end by force. */
const TERMINATION_PATIENCE_MS = 2000

/** A task in a worker thread of its own, as the process's main thread sees it. */
export class WorkerTask implements RunningTask {
  readonly released: Promise<void>
  readonly #options: WorkerTaskOptions
  readonly #deployment: TaskDeployment
  readonly #listener: TaskListener
  readonly #network: TaskNetwork
  readonly #counters: TaskCounters
  readonly #control: TaskThreadControl
  readonly #worker: Worker
  readonly #limits: TaskThreadLimits
  readonly #log: Logger
  #userMetrics: UserMetrics = { values: {}, accumulators: [] }
  #terminal: TaskState | undefined
  #threadError: unknown
  #cancellation: WorkerCancellation | undefined
  #externalFailure: Error | undefined
  #cancelledByForce: Error | undefined
  #isStuck = false

  constructor(
    options: WorkerTaskOptions,
    { managedMemory, threads }: SharedByTasks,
    deployment: TaskDeployment,
    listener: TaskListener,
  ) {
    this.#options = options
    this.#deployment = deployment
    this.#listener = listener
    this.#log = options.log.child({ task: this.#name })
    const slot = deployment.slot ?? options.slot
    this.#limits = this.#limitsIn(slot)
    const { operators } = deployment.task.vertex
    const counters = new SharedArrayBuffer(TaskCounters.memoryBytes(operators))
    const control = TaskThreadControl.createMemory()
    this.#counters = new TaskCounters(counters, operators, options.clock)
    this.#control = new TaskThreadControl(control)
    if (deployment.bundlePath !== undefined) prepareClusterModules(dirname(deployment.bundlePath))
    this.#network = new TaskNetwork(options.shuffle, deployment)
    const managed = managedMemory.register(deployment.allocationId, slot.managedBytes)
    const data: TaskThreadData = {
      task: this.#network.threadDeployment,
      shuffle: options.shuffle.taskShuffleHandle,
      configuration: options.configuration.toMap(),
      counters,
      control,
      managedMemory: managed.counters,
    }
    this.#worker = threads.take(this.#limits)
    this.#command({ type: 'start', data })
    this.#worker.on('message', (message: TaskThreadReport) => this.#onReport(message))
    this.#worker.on('error', (error) => {
      this.#threadError = error
    })
    this.released = new Promise((resolve) => {
      this.#worker.on('exit', (exitCode) => {
        managed.release()
        this.#onExit(exitCode)
        if (this.#externalFailure instanceof JobMasterLostError) threads.expectReturn(this.#limits)
        resolve()
      })
    })
  }

  cancel(): void {
    if (this.#cancellation !== undefined || this.#terminal !== undefined) return
    this.#control.cancel()
    this.#command({ type: 'cancel' })
    this.#superviseEnd()
  }

  /** Its thread cannot be ended. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** For a process that ends: resolves when the thread has ended or cannot be ended. */
  async close(): Promise<void> {
    this.cancel()
    if (this.#isStuck || (await this.#isReleasedWithin(CLOSE_PATIENCE_MS))) return
    const taskName = this.#name
    this.#cancelledByForce ??= new TaskCancellationError(
      `Task ${taskName} did not end when its TaskManager shut down; its thread is ended`,
      { taskName },
    )
    void this.#worker.terminate()
    if (await this.#isReleasedWithin(TERMINATION_PATIENCE_MS)) return
    this.#isStuck = true
    this.#log.error('The thread of the task cannot be ended', {
      insideOf: this.#control.nativeCall,
    })
  }

  #isReleasedWithin(delayMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(delayMs, () => resolve(false))
      void this.released.then(() => {
        cancel()
        resolve(true)
      })
    })
  }

  failExternally(cause: Error): void {
    if (this.#terminal !== undefined) return
    this.#control.cancel()
    this.#command({ type: 'fail', error: serializeError(cause) })
    this.#externalFailure ??= cause
    this.#superviseEnd()
  }

  deliverOperatorEvent(operatorId: string, payload: Uint8Array): void {
    this.#command({ type: 'operatorEvent', operatorId, payload })
  }

  triggerCheckpoint(barrier: CheckpointBarrier): void {
    this.#command({ type: 'triggerCheckpoint', barrier })
  }

  notifyCheckpointComplete(checkpointId: bigint): void {
    this.#command({ type: 'checkpointComplete', checkpointId })
  }

  notifyCheckpointAborted(checkpointId: bigint): void {
    this.#command({ type: 'checkpointAborted', checkpointId })
  }

  metrics(): TaskMetrics {
    return this.#network.metrics(this.#counters, this.#userMetrics)
  }

  get #name(): string {
    return taskNameWithSubtask(this.#deployment)
  }

  #limitsIn(slot: SlotResources): TaskThreadLimits {
    const { configuration } = this.#options
    const { task, job } = this.#deployment
    const settings = configuration.clone().merge(Configuration.fromMap(job.configuration))
    const shares = managedShares({ ...this.#deployment, slot }, settings)
    let managedBytes = 0
    for (const { operatorId, managedMemory } of task.vertex.operators) {
      // What a state backend holds lies outside the heap.
      if (managedMemory?.stateBackend !== true) managedBytes += shares.get(operatorId) ?? 0
    }
    return taskThreadLimits({
      taskName: this.#name,
      taskHeapBytes: slot.taskHeapBytes,
      numberOfTasks: task.slotSharing?.numberOfTasks ?? 1,
      managedBytes,
      remedy:
        slot.taskHeapBytes === this.#options.slot.taskHeapBytes
          ? slotRemedy(configuration)
          : groupRemedy,
    })
  }

  #command(command: TaskThreadCommand): void {
    this.#worker.postMessage(command)
  }

  #onReport(message: TaskThreadReport): void {
    switch (message.type) {
      case 'preloaded':
        return
      case 'state':
        this.#enter(message.state, message.error)
        return
      case 'operatorEvent':
        if (this.#terminal !== undefined) return
        this.#listener.onOperatorEvent(message.operatorId, message.payload)
        return
      case 'checkpointAcknowledged':
        this.#listener.onCheckpointAcknowledged(
          message.checkpointId,
          message.state,
          message.metrics,
        )
        return
      case 'checkpointDeclined':
        this.#listener.onCheckpointDeclined(message.checkpointId, message.reason, message.cause)
        return
      case 'metrics':
        this.#userMetrics = message
        return
      case 'log':
        this.#options.log[message.level](message.message, message.fields)
    }
  }

  #enter(state: TaskState, error: SerializedError | undefined): void {
    if (this.#terminal !== undefined || state === 'CANCELING') return
    if (isTerminalTaskState(state)) {
      this.#terminal = state
      this.#network.release(this.#counters, state === 'FINISHED', this.#userMetrics)
    }
    this.#listener.onStateChange(state, error)
  }

  /** Ends the thread by force if it does not end by itself. */
  #superviseEnd(): void {
    const { configuration, clock } = this.#options
    const { job, task, bundlePath } = this.#deployment
    const settings = configuration.clone().merge(Configuration.fromMap(job.configuration))
    this.#cancellation ??= new WorkerCancellation({
      taskName: this.#name,
      operatorNames: task.vertex.operators.map((operator) => operator.name),
      bundlePath,
      threadId: this.#worker.threadId,
      control: this.#control,
      clock,
      log: this.#log,
      timeoutMs: settings.get(TaskManagerOptions.CANCELLATION_TIMEOUT),
      intervalMs: settings.get(TaskManagerOptions.CANCELLATION_INTERVAL),
      terminate: (error) => {
        this.#cancelledByForce = error
        void this.#worker.terminate()
      },
      onFatalError: (error) => {
        this.#isStuck = true
        this.#listener.onFatalError(error)
      },
    })
  }

  #onExit(exitCode: number): void {
    this.#cancellation?.end()
    if (this.#terminal !== undefined) return
    if (this.#externalFailure !== undefined) {
      this.#enter('FAILED', serializeError(this.#externalFailure))
    } else if (this.#cancelledByForce !== undefined) {
      this.#enter('CANCELED', serializeError(this.#cancelledByForce))
    } else {
      this.#enter(
        'FAILED',
        serializeError(
          explainThreadExit({
            taskName: this.#name,
            exitCode,
            cause: this.#threadError,
            limits: this.#limits,
            numberOfTasks: this.#deployment.task.slotSharing?.numberOfTasks ?? 1,
          }),
        ),
      )
    }
  }
}
