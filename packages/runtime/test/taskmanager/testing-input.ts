import type { ChannelEvent } from '@flink-ts/network'
import type { TaskInput, TaskInputHandler, TaskOutput } from '@flink-ts/runtime'

type Element = (handler: TaskInputHandler) => void

/** A gate that is filled by hand. */
export class TestingInput implements TaskInput {
  readonly inputIndex: number
  readonly numberOfChannels: number
  readonly queue: { readonly element: Element; readonly channel: number }[] = []
  readonly blocked = new Set<number>()
  readonly bytesConsumed = 0
  closed = false
  /** Elements that have been read. */
  numRead = 0
  #callback: (() => void) | undefined

  constructor(inputIndex = 0, numberOfChannels = 1) {
    this.inputIndex = inputIndex
    this.numberOfChannels = numberOfChannels
  }

  put(element: Element, channel = 0): void {
    this.queue.push({ element, channel })
    this.#callback?.()
    this.#callback = undefined
  }

  records(...values: unknown[]): void {
    for (const value of values) this.put((handler) => handler.onRecord(value, Number.NaN, 0))
  }

  end(): void {
    this.endOfData()
    this.put((handler) => handler.onEvent({ type: 'END_OF_PARTITION' }, 0))
  }

  endOfData(): void {
    this.put((handler) => handler.onEvent({ type: 'END_OF_DATA', drain: true }, 0))
  }

  /** Whether the task has asked to be woken. */
  get isAwaited(): boolean {
    return this.#callback !== undefined
  }

  poll(handler: TaskInputHandler, maxElements: number) {
    this.#callback = undefined
    for (let i = 0; i < maxElements; i++) {
      const next = this.queue.findIndex(({ channel }) => !this.blocked.has(channel))
      if (next < 0) return 'NOTHING_AVAILABLE' as const
      const { element } = this.queue.splice(next, 1)[0]!
      this.numRead++
      element(handler)
    }
    return 'MORE_AVAILABLE' as const
  }

  onAvailable(callback: () => void): void {
    this.#callback = callback
  }

  event(event: ChannelEvent, channel = 0): void {
    this.put((handler) => handler.onEvent(event, channel), channel)
  }

  pollPriority(): boolean {
    return false
  }

  onPriority(): void {}

  beginCapture(): never {
    throw new Error('there is nothing to store')
  }

  endCapture(): void {}

  block(channel: number): void {
    this.blocked.add(channel)
  }

  resume(channel: number): void {
    this.blocked.delete(channel)
  }

  close(): void {
    this.closed = true
  }
}

/** Never runs out: each element is made when it is read. */
export class FloodingInput extends TestingInput {
  override poll(handler: TaskInputHandler, maxElements: number) {
    for (let i = 0; i < maxElements; i++) {
      this.numRead++
      handler.onRecord('flood', Number.NaN, 0)
    }
    return 'MORE_AVAILABLE' as const
  }
}

/** A partition that keeps what is written. */
export class TestingOutput implements TaskOutput {
  recordCount = 0
  readonly written: unknown[] = []
  available = true
  #callback: (() => void) | undefined

  collect(value: unknown): void {
    this.recordCount++
    this.written.push(value)
  }
  emitWatermark(timestampMs: number): void {
    this.written.push(`wm ${timestampMs}`)
  }
  emitWatermarkStatus(status: string): void {
    this.written.push(status)
  }
  isAvailable(): boolean {
    return this.available
  }
  onAvailable(callback: () => void): void {
    this.#callback = callback
  }
  makeAvailable(): void {
    this.available = true
    this.#callback?.()
  }
  flush(): void {
    this.written.push('flush')
  }
  readonly canOvertake = false

  overtake(): never {
    throw new Error('nothing is overtaken')
  }

  queueBarrier(): never {
    throw new Error('nothing is overtaken')
  }

  broadcastEvent(event: ChannelEvent): void {
    const id = 'checkpointId' in event ? ` ${event.checkpointId}` : ''
    this.written.push(`${event.type}${id}`)
  }
  close(): void {
    this.written.push('close')
  }
}
