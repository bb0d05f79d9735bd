import type { CheckpointBarrier } from '@flink-ts/network'
import type { TaskMetrics } from '../../dist/messages/messages.generated.js'
import type {
  RunningTask,
  TaskDeployment,
  TaskLauncher,
  TaskListener,
} from '../../dist/taskmanager/task-launcher.js'

/** A task whose life a test decides. */
export class TestingTask implements RunningTask {
  readonly deployment: TaskDeployment
  readonly listener: TaskListener
  readonly events: string[] = []
  failure: Error | undefined
  isCancelled = false
  readonly released: Promise<void>
  #release: () => void = () => {}

  constructor(deployment: TaskDeployment, listener: TaskListener) {
    this.deployment = deployment
    this.listener = listener
    this.released = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  cancel(): void {
    this.isCancelled = true
    this.listener.onStateChange('CANCELED', undefined)
    this.#release()
  }

  failExternally(cause: Error): void {
    if (this.failure !== undefined) return
    this.failure = cause
    this.listener.onStateChange('FAILED', { name: cause.name, message: cause.message })
    this.#release()
  }

  finish(): void {
    this.listener.onStateChange('FINISHED', undefined)
    this.#release()
  }

  deliverOperatorEvent(operatorId: string, payload: Uint8Array): void {
    this.events.push(`${operatorId}:${Buffer.from(payload).toString()}`)
  }

  triggerCheckpoint({ checkpointId, alignment }: CheckpointBarrier): void {
    this.events.push(`trigger ${checkpointId} ${alignment}`)
  }

  notifyCheckpointComplete(checkpointId: bigint): void {
    this.events.push(`complete ${checkpointId}`)
  }

  notifyCheckpointAborted(checkpointId: bigint): void {
    this.events.push(`aborted ${checkpointId}`)
  }

  metrics(): TaskMetrics {
    return {
      executionAttemptId: this.deployment.executionAttemptId,
      accumulators: [],
      io: {
        numRecordsIn: 1,
        numRecordsOut: 2,
        numBytesIn: 3,
        numBytesOut: 4,
        numBuffersOut: 5,
        accumulatedBusyMs: 6,
        accumulatedIdleMs: 7,
        accumulatedBackPressuredMs: 8,
      },
      channels: [],
      values: {},
    }
  }
}

/** Launches {@link TestingTask}s. */
export class TestingTaskLauncher implements TaskLauncher {
  readonly tasks: TestingTask[] = []
  isClosed = false

  launch(deployment: TaskDeployment, listener: TaskListener): RunningTask {
    const task = new TestingTask(deployment, listener)
    this.tasks.push(task)
    return task
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}
