import type { TaskInput, TaskInputHandler } from '../task-io.js'
import type { HeadDriver, HeadResult } from './head-driver.js'

/** Most elements between two looks at mails. */
const BATCH_ELEMENTS = 256

/**
 * Reads the inputs of a task that had finished in the checkpoint that it is restored from: its producers had, too, so that
 * nothing comes but their ends.
 */
export class DiscardingDriver implements HeadDriver {
  readonly recordCount = 0
  readonly #inputs: readonly TaskInput[]
  readonly #openChannels: number[]

  constructor(inputs: readonly TaskInput[]) {
    this.#inputs = inputs
    this.#openChannels = inputs.map(({ numberOfChannels }) => numberOfChannels)
  }

  processBatch(): HeadResult {
    let isMore = false
    this.#inputs.forEach((input, i) => {
      if (this.#openChannels[i] === 0) return
      if (input.poll(this.#handler(i), BATCH_ELEMENTS) === 'MORE_AVAILABLE') isMore = true
    })
    if (this.#openChannels.every((open) => open === 0)) return 'END_OF_INPUT'
    return isMore ? 'MORE' : 'NOTHING_AVAILABLE'
  }

  end(): void {}

  onAvailable(callback: () => void): void {
    this.#inputs.forEach((input, i) => {
      if (this.#openChannels[i]! > 0) input.onAvailable(callback)
    })
  }

  #handler(gate: number): TaskInputHandler {
    return {
      onRecord() {},
      onWatermark() {},
      onWatermarkStatus() {},
      onEvent: (event) => {
        if (event.type === 'END_OF_PARTITION') this.#openChannels[gate]!--
      },
    }
  }
}
