import type { CancelTimer, Clock } from '@flink-ts/core'
import type { TaskOutput } from './task-io.js'

/** An idle task waits for this part of the buffer timeout since it showed anything last; not less than a millisecond. */
const IDLE_PART = 1 / 20
const LEAST_IDLE_MS = 1

/**
 * Shows a task's consumers what has been written: at the latest a buffer timeout after it was, and sooner when the task has nothing
 * else to do. Not at once then: a task that is idle after each record would make a buffer of each.
 */
export class OutputFlusher {
  readonly #outputs: readonly TaskOutput[]
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #wake: () => void
  readonly #idleMs: number
  #timer: { readonly atMs: number; readonly cancel: CancelTimer } | undefined
  #flushedAtMs = Number.NEGATIVE_INFINITY
  #due = false
  #closed = false

  constructor(options: {
    outputs: readonly TaskOutput[]
    clock: Clock
    /** 0: the outputs flush each record by themselves; -1: never, consumers see full buffers only. */
    bufferTimeoutMs: number
    wake: () => void
  }) {
    this.#outputs = options.outputs
    this.#clock = options.clock
    this.#timeoutMs = options.bufferTimeoutMs
    this.#wake = options.wake
    this.#idleMs = Math.min(this.#timeoutMs, Math.max(LEAST_IDLE_MS, this.#timeoutMs * IDLE_PART))
  }

  /** @param wrote whether something may have been written since the last call */
  afterBatch(wrote: boolean): void {
    if (this.#timeoutMs <= 0 || this.#outputs.length === 0 || this.#closed) return
    if (this.#due) {
      this.flush()
      return
    }
    if (wrote && this.#timer === undefined) this.#schedule(this.#clock.now() + this.#timeoutMs)
  }

  /** The task has nothing to do. */
  onIdle(): void {
    if (this.#due) this.flush()
    // Nothing has been written since the last time.
    if (this.#timer === undefined) return
    const atMs = this.#flushedAtMs + this.#idleMs
    if (this.#clock.now() >= atMs) this.flush()
    else if (atMs < this.#timer.atMs) this.#schedule(atMs)
  }

  flush(): void {
    this.#due = false
    this.#cancelTimer()
    for (const output of this.#outputs) output.flush()
    this.#flushedAtMs = this.#clock.now()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
  }

  #schedule(atMs: number): void {
    this.#cancelTimer()
    const cancel = this.#clock.schedule(atMs - this.#clock.now(), () => {
      this.#timer = undefined
      this.#due = true
      this.#wake()
    })
    this.#timer = { atMs, cancel }
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
