import type { CancelTimer, Clock } from '@flink-ts/core'
import type { TaskOutput } from './task-io.js'

/** Shows a task's consumers what has been written: at the latest a buffer timeout after it was. */
export class OutputFlusher {
  readonly #outputs: readonly TaskOutput[]
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #wake: () => void
  #cancelTimer: CancelTimer | undefined
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
  }

  /** @param wrote whether something may have been written since the last call */
  afterBatch(wrote: boolean): void {
    if (this.#timeoutMs <= 0 || this.#outputs.length === 0 || this.#closed) return
    if (this.#due) {
      this.flush()
      return
    }
    if (!wrote) return
    this.#cancelTimer ??= this.#clock.schedule(this.#timeoutMs, () => {
      this.#cancelTimer = undefined
      this.#due = true
      this.#wake()
    })
  }

  flush(): void {
    this.#due = false
    for (const output of this.#outputs) output.flush()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
  }
}
