import { type CancelTimer, type Clock, type Logger, renderErrorChain } from '@flink-ts/core'
import { TaskCancellationError } from './task-errors.js'
import type { TaskThreadControl } from './task-thread-control.js'
import { takeThreadStack } from './thread-inspector.js'
import { userFrame } from './user-frame.js'

export interface WorkerCancellationOptions {
  readonly taskName: string
  readonly operatorNames: readonly string[]
  readonly bundlePath: string | undefined
  readonly threadId: number
  readonly control: TaskThreadControl
  readonly clock: Clock
  readonly log: Logger
  /** `task.cancellation.timeout`, in ms; 0: never. */
  readonly timeoutMs: number
  /** `task.cancellation.interval`, in ms. */
  readonly intervalMs: number
  /** Ends the thread; `error` says where it was. */
  readonly terminate: (error: TaskCancellationError) => void
  /** Not even that has ended the thread. */
  readonly onFatalError: (error: Error) => void
}

/** Time for a terminated thread to be gone, in ms; one inside a native call goes on. */
const TERMINATION_TIMEOUT_MS = 5000

/** Watches a task that was asked to stop: warns while it does not, then ends its thread by force. */
export class WorkerCancellation {
  readonly #options: WorkerCancellationOptions
  readonly #timers: CancelTimer[] = []
  #ended = false
  /** One at a time: the inspector stops the thread for it. */
  #location: Promise<string | undefined> | undefined

  constructor(options: WorkerCancellationOptions) {
    this.#options = options
    this.#scheduleWarning()
    if (options.timeoutMs > 0) {
      this.#after(options.timeoutMs, () => void this.#endByForce())
    }
  }

  /** The thread is gone. */
  end(): void {
    this.#ended = true
    for (const cancel of this.#timers) cancel()
  }

  #scheduleWarning(): void {
    this.#after(this.#options.intervalMs, () => {
      void this.#whereIsIt().then((where) => {
        if (this.#ended) return
        this.#options.log.warn('Task did not react to cancelling signal', {
          stuckIn: where ?? 'unknown',
        })
        this.#scheduleWarning()
      })
    })
  }

  async #endByForce(): Promise<void> {
    const where = await this.#whereIsIt()
    if (this.#ended) return
    const { taskName, timeoutMs, control, log } = this.#options
    const error = new TaskCancellationError(
      `Task ${taskName} (operators ${this.#options.operatorNames.join(' -> ')}) did not end within ` +
        `${timeoutMs} ms after it was cancelled: ` +
        `${where === undefined ? 'where it is could not be found out' : `it is in ${where}`}; its thread is ended`,
      { taskName, location: where },
    )
    log.error('Task did not exit gracefully within the cancellation timeout', {
      error: renderErrorChain(error),
    })
    this.#options.terminate(error)
    this.#after(TERMINATION_TIMEOUT_MS, () => {
      this.#options.onFatalError(
        new TaskCancellationError(
          `The thread of task ${taskName} cannot be ended: it is inside of ` +
            `${control.nativeCall ?? where ?? 'a native call'}, which does not return; this process must end`,
          { taskName, location: control.nativeCall ?? where },
        ),
      )
    })
  }

  /** Such as `map at words.ts:12`. */
  #whereIsIt(): Promise<string | undefined> {
    this.#location ??= this.#findOut().finally(() => {
      this.#location = undefined
    })
    return this.#location
  }

  async #findOut(): Promise<string | undefined> {
    const { threadId, clock, control, bundlePath } = this.#options
    const frames = await takeThreadStack(threadId, clock)
    const frame = frames === undefined ? undefined : userFrame(frames, bundlePath)
    if (frame === undefined) return control.nativeCall
    return `${frame.functionName} at ${frame.location}`
  }

  #after(delayMs: number, action: () => void): void {
    this.#timers.push(this.#options.clock.schedule(delayMs, action))
  }
}
