import { type Clock, serializeError } from '@flink-ts/core'
import type { RunningTask, TaskDeployment, TaskLauncher, TaskListener } from '@flink-ts/runtime'

const NO_IO = {
  numRecordsIn: 0,
  numRecordsOut: 0,
  numBytesIn: 0,
  numBytesOut: 0,
  numBuffersOut: 0,
  accumulatedBusyMs: 0,
  accumulatedIdleMs: 0,
  accumulatedBackPressuredMs: 0,
}

/**
 * Tasks that run no program: each says that it runs, and finishes after its time. For clusters so large
 * that only the control plane matters.
 */
export class PacedTaskLauncher implements TaskLauncher {
  readonly #clock: Clock
  readonly #durationMs: number

  constructor(options: { clock: Clock; durationMs: number }) {
    this.#clock = options.clock
    this.#durationMs = options.durationMs
  }

  launch({ executionAttemptId }: TaskDeployment, listener: TaskListener): RunningTask {
    let release!: () => void
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const end = (state: 'FINISHED' | 'CANCELED' | 'FAILED', cause?: Error): void => {
      cancelTimer()
      if (hasEnded) return
      hasEnded = true
      listener.onStateChange(state, cause && serializeError(cause))
      release()
    }
    let hasEnded = false
    let cancelTimer = this.#clock.schedule(0, () => {
      listener.onStateChange('INITIALIZING', undefined)
      listener.onStateChange('RUNNING', undefined)
      cancelTimer = this.#clock.schedule(this.#durationMs, () => end('FINISHED'))
    })
    return {
      cancel: () => end('CANCELED'),
      failExternally: (cause) => end('FAILED', cause),
      deliverOperatorEvent() {},
      triggerCheckpoint: ({ checkpointId }) =>
        listener.onCheckpointDeclined(
          checkpointId,
          'CHECKPOINT_DECLINED_TASK_NOT_READY',
          undefined,
        ),
      notifyCheckpointComplete() {},
      notifyCheckpointAborted() {},
      metrics: () => ({
        executionAttemptId,
        io: NO_IO,
        channels: [],
        values: {},
        accumulators: [],
      }),
      released,
    }
  }

  async close(): Promise<void> {}
}
