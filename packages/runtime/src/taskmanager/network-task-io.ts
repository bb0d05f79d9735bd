import type { InputStatus } from '@flink-ts/core'
import type {
  ChannelCapture,
  ChannelEvent,
  CheckpointBarrier,
  CopiedSlot,
  QueuedBarrier,
  RecordReader,
  RecordWriter,
} from '@flink-ts/network'
import type { TaskInput, TaskInputHandler, TaskOutput } from './task-io.js'

/** A task's end of one input gate of the network. */
export class NetworkTaskInput implements TaskInput {
  readonly inputIndex: number
  readonly #reader: RecordReader

  constructor(reader: RecordReader, inputIndex: number) {
    this.#reader = reader
    this.inputIndex = inputIndex
  }

  get numberOfChannels(): number {
    return this.#reader.gate.numberOfChannels
  }

  poll(handler: TaskInputHandler, maxElements: number): InputStatus {
    return this.#reader.poll(handler, maxElements)
  }

  onAvailable(callback: () => void): void {
    this.#reader.gate.onAvailable(callback)
  }

  block(channel: number): void {
    this.#reader.gate.blockConsumption(channel)
  }

  resume(channel: number): void {
    this.#reader.gate.resumeConsumption(channel)
  }

  get bytesConsumed(): number {
    return this.#reader.gate.bytesConsumed
  }

  pollPriority(handler: TaskInputHandler): boolean {
    return this.#reader.pollPriority(handler) > 0
  }

  onPriority(callback: () => void): void {
    this.#reader.gate.onPriority(callback)
  }

  beginCapture(channel: number): ChannelCapture {
    return this.#reader.beginCapture(channel)
  }

  endCapture(channel: number): void {
    this.#reader.endCapture(channel)
  }

  close(): void {
    this.#reader.gate.close()
  }
}

/** A task's end of one result partition of the network. */
export class NetworkTaskOutput implements TaskOutput {
  recordCount = 0
  readonly #writer: RecordWriter
  #callback: (() => void) | undefined
  readonly #waiting: (() => void)[] = []

  constructor(writer: RecordWriter) {
    this.#writer = writer
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#writer.emit(value, timestamp)
  }

  emitWatermark(timestampMs: number): void {
    this.#writer.emitWatermark(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.#writer.emitWatermarkStatus(status)
  }

  isAvailable(): boolean {
    return this.#writer.partition.isAvailable()
  }

  onAvailable(callback: () => void): void {
    this.#callback = callback
    this.#writer.partition.onAvailable(this.#onAvailable)
  }

  /** Beside `onAvailable`: timers wait for it while the task does. */
  whenAvailable(): Promise<void> | undefined {
    if (this.isAvailable()) return undefined
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#writer.partition.onAvailable(this.#onAvailable)
    })
  }

  readonly #onAvailable = (): void => {
    const callback = this.#callback
    this.#callback = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
    callback?.()
  }

  flush(): void {
    this.#writer.flushAll()
  }

  broadcastEvent(event: ChannelEvent): void {
    this.#writer.broadcastEvent(event)
  }

  get canOvertake(): boolean {
    return this.#writer.canOvertake
  }

  overtake(barrier: CheckpointBarrier): readonly (readonly CopiedSlot[])[] {
    return this.#writer.overtake(barrier)
  }

  queueBarrier(barrier: CheckpointBarrier): QueuedBarrier {
    return this.#writer.queueBarrier(barrier)
  }

  close(): void {
    this.#writer.partition.close()
  }
}
