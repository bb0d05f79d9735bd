import assert from 'node:assert/strict'
import {
  AccumulatorRegistry,
  type Clock,
  Configuration,
  type FileSystems,
  type LineWriter,
  type Logger,
  type Random,
  type SocketConnector,
  serializeError,
} from '@flink-ts/core'
import type { MetricGroup } from '@flink-ts/metrics'
import type { CheckpointBarrier, Defer, TaskManagerShuffle } from '@flink-ts/network'
import type { JobCode } from '../operators/stream-operator.js'
import { withModuleCode } from '../program/module-code.js'
import {
  assembleTask,
  bufferTimeoutMs,
  type TaskWorld,
  taskNameWithSubtask,
} from './assemble-task.js'
import type { CheckpointReports } from './checkpoint/subtask-checkpoint.js'
import { taskCheckpointIo } from './checkpoint/task-checkpoint-io.js'
import { LocalSpillFiles } from './local-spill-files.js'
import { type ManagedMemoryCounters, SlotManagedMemory } from './memory/slot-managed-memory.js'
import { TaskCounters } from './metrics/task-counters.js'
import { TaskMetricGroup } from './metrics/task-metric-group.js'
import { StreamTask } from './stream-task.js'
import type {
  JobInformation,
  RunningTask,
  TaskDeployment,
  TaskLauncher,
  TaskListener,
} from './task-launcher.js'
import { TaskNetwork, type UserMetrics } from './task-network.js'
import { isTerminalTaskState } from './task-state.js'
import { TaskStateBackend } from './task-state-backend.js'

/** Finds the code of a job whose program runs in this process. */
export type JobCodeProvider = (job: JobInformation) => JobCode | Promise<JobCode>

export interface InlineTaskLauncherOptions {
  /** Made with the same `defer`, so that all tasks share this thread. */
  readonly shuffle: TaskManagerShuffle
  /** Runs an action soon, after the caller returned and promises that are due have settled. */
  readonly defer: Defer
  readonly clock: Clock
  readonly random: Random
  readonly fileSystems: FileSystems
  readonly sockets: SocketConnector
  readonly stdout: LineWriter
  readonly log: Logger
  /** The cluster's; the job's goes over it. */
  readonly configuration: Configuration
  readonly codeProvider: JobCodeProvider
  /** Where operators register metrics. Default: a group per task, whose numbers `metrics()` answers. */
  readonly operatorMetrics?: (deployment: TaskDeployment, operatorName: string) => MetricGroup
}

/** Steps of a task before the others get their turn. */
const STEPS_PER_TURN = 16

/**
 * Runs tasks in the caller's own thread, in turns: for embedded runs and the simulator. Nothing but
 * `defer`, `clock` and `random` decides the order, so that a run can be replayed. A user function
 * that never returns blocks the whole process, as it would in any other library.
 */
export class InlineTaskLauncher implements TaskLauncher {
  readonly #options: InlineTaskLauncherOptions
  readonly #running = new Set<InlineTask>()
  readonly #managedMemory = new SlotManagedMemory()
  #closed = false

  constructor(options: InlineTaskLauncherOptions) {
    this.#options = options
  }

  launch(deployment: TaskDeployment, listener: TaskListener): RunningTask {
    assert(!this.#closed, 'a closed launcher launches no tasks')
    const task = new InlineTask(this.#options, deployment, listener, this.#managedMemory)
    this.#running.add(task)
    void task.released.then(() => this.#running.delete(task))
    return task
  }

  /** Cancels what still runs and waits for its end. */
  async close(): Promise<void> {
    this.#closed = true
    const tasks = [...this.#running]
    for (const task of tasks) task.cancel()
    await Promise.all(tasks.map((task) => task.released))
  }
}

class InlineTask implements RunningTask {
  readonly released: Promise<void>
  readonly #options: InlineTaskLauncherOptions
  readonly #task: StreamTask
  readonly #network: TaskNetwork
  readonly #counters: TaskCounters
  readonly #metrics: TaskMetricGroup
  readonly #accumulators = new AccumulatorRegistry()
  #scheduled = false
  #release = () => {}

  constructor(
    options: InlineTaskLauncherOptions,
    deployment: TaskDeployment,
    listener: TaskListener,
    managedMemory: SlotManagedMemory,
  ) {
    this.#options = options
    this.released = new Promise((resolve) => {
      this.#release = resolve
    })
    this.#metrics = new TaskMetricGroup(options.clock)
    const { operators } = deployment.task.vertex
    this.#counters = new TaskCounters(
      new ArrayBuffer(TaskCounters.memoryBytes(operators)),
      operators,
      options.clock,
    )
    this.#network = new TaskNetwork(options.shuffle, deployment)
    const managed = managedMemory.register(
      deployment.allocationId,
      deployment.slot?.managedBytes ?? 0,
    )
    const world = inlineWorld(options, deployment, listener, {
      managedMemory: managed.counters,
      metrics: this.#metrics,
      accumulators: this.#accumulators,
    })
    this.#task = new StreamTask({
      name: taskNameWithSubtask(deployment),
      clock: options.clock,
      time: this.#counters.createTime(),
      log: options.log,
      bufferTimeoutMs: bufferTimeoutMs(deployment, world.configuration),
      checkpoints: taskCheckpointIo(deployment, world, inlineReports(options, listener)),
      loadCode: async () => {
        await world.stateBackend.load()
        return withModuleCode(deployment, await options.codeProvider(deployment.job))
      },
      assemble: (code, mailbox) =>
        assembleTask(this.#network.threadDeployment, world, code, mailbox),
      wake: () => this.#schedule(),
      onStateChange: (state, error) => {
        if (isTerminalTaskState(state)) {
          managed.release()
          this.#counters.publish(this.#task)
          this.#network.release(this.#counters, state === 'FINISHED', this.#userMetrics())
          this.#metrics.close()
        }
        if (state === 'CANCELING') return
        listener.onStateChange(state, error === undefined ? undefined : serializeError(error))
        if (isTerminalTaskState(state)) this.#release()
      },
    })
    this.#schedule()
  }

  cancel(): void {
    this.#task.cancel()
  }

  failExternally(cause: Error): void {
    this.#task.fail(cause)
  }

  deliverOperatorEvent(operatorId: string, payload: Uint8Array): void {
    this.#task.deliverOperatorEvent(operatorId, payload)
  }

  triggerCheckpoint(barrier: CheckpointBarrier): void {
    this.#task.triggerCheckpoint(barrier)
  }

  notifyCheckpointComplete(checkpointId: bigint): void {
    this.#task.notifyCheckpointComplete(checkpointId)
  }

  notifyCheckpointAborted(checkpointId: bigint): void {
    this.#task.notifyCheckpointAborted(checkpointId)
  }

  metrics() {
    this.#counters.publish(this.#task)
    return this.#network.metrics(this.#counters, this.#userMetrics())
  }

  #userMetrics(): UserMetrics {
    return { values: this.#metrics.values(), accumulators: this.#accumulators.snapshot() }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.defer(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    for (let i = 0; i < STEPS_PER_TURN; i++) {
      if (this.#task.step() !== 'CONTINUE') return
    }
    this.#schedule()
  }
}

/** Later, as if they came from another thread: the listener may call the task. */
function inlineReports(
  { defer }: InlineTaskLauncherOptions,
  listener: TaskListener,
): CheckpointReports {
  return {
    acknowledge: (checkpointId, state, metrics) =>
      defer(() => listener.onCheckpointAcknowledged(checkpointId, state, metrics)),
    decline: (checkpointId, reason, cause) => {
      const error = cause === undefined ? undefined : serializeError(cause)
      defer(() => listener.onCheckpointDeclined(checkpointId, reason, error))
    },
  }
}

function inlineWorld(
  options: InlineTaskLauncherOptions,
  deployment: TaskDeployment,
  listener: TaskListener,
  own: {
    metrics: TaskMetricGroup
    accumulators: AccumulatorRegistry
    managedMemory: ManagedMemoryCounters
  },
): TaskWorld & { readonly stateBackend: TaskStateBackend } {
  const configuration = options.configuration
    .clone()
    .merge(Configuration.fromMap(deployment.job.configuration))
  const { random, log } = options
  const stateBackend = new TaskStateBackend({
    ...{ configuration, random, log },
    managedMemory: own.managedMemory,
    sharing: deployment.task.slotSharing,
  })
  return {
    clock: options.clock,
    random: options.random,
    fileSystems: options.fileSystems,
    sockets: options.sockets,
    stdout: options.stdout,
    log: options.log.child({ task: taskNameWithSubtask(deployment) }),
    shuffle: options.shuffle.taskShuffle,
    configuration,
    operatorMetrics: (name) =>
      options.operatorMetrics?.(deployment, name) ?? own.metrics.forOperator(name),
    accumulators: own.accumulators,
    managedMemory: own.managedMemory,
    spillFiles: LocalSpillFiles.configured(configuration, options.random),
    createKeyedState: (options) => stateBackend.createKeyedStateBackend(options),
    stateBackend,
    // Later, as if it came from another thread: the listener may call the task.
    sendOperatorEvent: (operatorId, payload) =>
      options.defer(() => listener.onOperatorEvent(operatorId, payload)),
  }
}
