import type { ChannelEvent } from '@flink-ts/network'
import type { TaskInput, TaskInputHandler } from '../task-io.js'
import type { InputEvents } from './gate-handlers.js'
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
  readonly #handlers: readonly DiscardingHandler[]

  /** @param events told of barriers and ends */
  constructor(inputs: readonly TaskInput[], events: InputEvents | undefined) {
    this.#inputs = inputs
    let firstChannel = 0
    this.#handlers = inputs.map(({ numberOfChannels }) => {
      const handler = new DiscardingHandler(firstChannel, numberOfChannels, events)
      firstChannel += numberOfChannels
      return handler
    })
  }

  processBatch(): HeadResult {
    let isMore = false
    this.#inputs.forEach((input, i) => {
      const handler = this.#handlers[i]!
      if (handler.openChannels === 0) return
      if (input.poll(handler, BATCH_ELEMENTS) === 'MORE_AVAILABLE') isMore = true
    })
    if (this.#handlers.every(({ openChannels }) => openChannels === 0)) return 'END_OF_INPUT'
    return isMore ? 'MORE' : 'NOTHING_AVAILABLE'
  }

  pollPriority(): boolean {
    return false
  }

  onPriority(): void {}

  end(): void {}

  onAvailable(callback: () => void): void {
    this.#inputs.forEach((input, i) => {
      if (this.#handlers[i]!.openChannels > 0) input.onAvailable(callback)
    })
  }
}

class DiscardingHandler implements TaskInputHandler {
  openChannels: number
  readonly #firstChannel: number
  readonly #events: InputEvents | undefined

  constructor(firstChannel: number, numberOfChannels: number, events: InputEvents | undefined) {
    this.#firstChannel = firstChannel
    this.openChannels = numberOfChannels
    this.#events = events
  }

  onRecord(): void {}

  onWatermark(): void {}

  onWatermarkStatus(): void {}

  onEvent(event: ChannelEvent, channel: number): void {
    const channelOfTask = this.#firstChannel + channel
    switch (event.type) {
      case 'END_OF_DATA':
        return
      case 'END_OF_PARTITION':
        this.openChannels--
        this.#events?.onEndOfPartition(channelOfTask)
        return
      case 'CHECKPOINT_BARRIER':
        this.#events?.onBarrier(event, channelOfTask)
        return
      case 'CANCEL_CHECKPOINT':
        this.#events?.onCancel(event.checkpointId, channelOfTask)
    }
  }
}
