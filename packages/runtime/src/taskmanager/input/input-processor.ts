import assert from 'node:assert/strict'
import type { AdaptiveBatch } from '@flink-ts/core'
import {
  StatusWatermarkValve,
  type WatermarkValveOutput,
} from '../../operators/status-watermark-valve.js'
import type { InputSelection, TwoInputStreamOperator } from '../../operators/stream-operator.js'
import type { TaskInput } from '../task-io.js'
import {
  type GateHandler,
  type GatesOfTask,
  gateHandler,
  type InputEvents,
  type InputHead,
} from './gate-handlers.js'
import type { HeadDriver, HeadResult } from './head-driver.js'
import { InputSelectionError } from './input-selection-error.js'

/** Stands for stored elements that are no records. */
export const NO_RECORD = Symbol('no record')

/** Called for each stored element of a channel, with the record's value or {@link NO_RECORD}. */
export type StoredElementFilter = (channel: number, value: unknown) => boolean

/**
 * Reads a task's gates in turn and feeds the head of its chain. A head that selects its inputs is asked before each
 * element; what it has not selected stays with its producers.
 */
export class InputProcessor implements HeadDriver {
  readonly #inputs: readonly TaskInput[]
  readonly #handlers: readonly GateHandler[]
  readonly #twoInput: TwoInputStreamOperator | undefined
  readonly #operatorName: string
  readonly #batch: AdaptiveBatch
  /** The head chooses what is read next. */
  readonly #isSelective: boolean
  #selection: InputSelection = 'ALL'
  #current = 0
  /** Inputs whose data has ended, and whose operator has been told. */
  readonly #endedInputs = [false, false]
  #endOfDataTold = false

  constructor(
    inputs: readonly TaskInput[],
    head: InputHead,
    {
      operatorName,
      batch,
      events,
    }: {
      /** Of the head, for messages. */
      operatorName: string
      /** How many elements to process before looking up. */
      batch: AdaptiveBatch
      /** Absent: the task takes no part in checkpoints. */
      events?: InputEvents | undefined
    },
  ) {
    assert(inputs.length > 0, 'a task whose head is no source has an input gate')
    this.#inputs = inputs
    this.#operatorName = operatorName
    this.#batch = batch
    this.#twoInput = head.type === 'twoInput' ? head.operator : undefined
    this.#isSelective = this.#twoInput?.nextSelection !== undefined
    const channels = [0, 0]
    const firstChannels = inputs.map(({ inputIndex, numberOfChannels }) => {
      const first = channels[inputIndex]!
      channels[inputIndex] = first + numberOfChannels
      return first
    })
    const valves = channels.map((count, inputIndex) =>
      count === 0 ? undefined : new StatusWatermarkValve(count, valveOutput(head, inputIndex)),
    )
    const task: GatesOfTask = { events, channelsWithData: 0 }
    this.#handlers = inputs.map(({ inputIndex, numberOfChannels }, i) => {
      const firstChannelOfTask = task.channelsWithData
      task.channelsWithData += numberOfChannels
      return gateHandler(head, {
        inputIndex,
        valve: valves[inputIndex]!,
        firstChannel: firstChannels[i]!,
        numberOfChannels,
        firstChannelOfTask,
        task,
      })
    })
  }

  /** Records of all gates so far. */
  get recordCount(): number {
    let count = 0
    for (const handler of this.#handlers) count += handler.recordCount
    return count
  }

  /**
   * Processes a batch of one gate, while the next call goes on with the next gate; or of those that the head selects, one
   * by one.
   *
   * @throws InputSelectionError if the head selects what has ended
   */
  processBatch(): HeadResult {
    const maxElements = this.#batch.begin()
    const read = this.#isSelective
      ? this.#readSelected(maxElements)
      : this.#readNextGate(maxElements)
    this.#batch.end()
    this.#tellEndedInputs()
    if (!this.#endOfDataTold && this.#handlers.every((h) => h.channelsWithData === 0)) {
      this.#endOfDataTold = true
      return 'END_OF_DATA'
    }
    if (this.#endOfDataTold && this.#handlers.every((h) => h.openChannels === 0)) {
      return 'END_OF_INPUT'
    }
    return read ? 'MORE' : 'NOTHING_AVAILABLE'
  }

  pollPriority(): boolean {
    let found = false
    for (const [i, input] of this.#inputs.entries()) {
      if (input.pollPriority(this.#handlers[i]!)) found = true
    }
    return found
  }

  onPriority(callback: () => void): void {
    this.#inputs.forEach((input, i) => {
      if (this.#handlers[i]!.openChannels > 0) input.onPriority(callback)
    })
  }

  /**
   * Processes records of a gate that a checkpoint has stored, before those that come; nothing else that is stored counts.
   *
   * @param accepts whether the record is one of this subtask, and was not processed before
   * @returns whether there may be more
   */
  readStored(
    gate: number,
    stored: TaskInput,
    maxElements: number,
    accepts: StoredElementFilter,
  ): boolean {
    const handler = this.#handlers[gate]!
    const status = stored.poll(
      {
        onRecord: (value, timestamp, channel) => {
          if (accepts(channel, value)) handler.onRecord(value, timestamp)
        },
        onWatermark: (_timestampMs, channel) => void accepts(channel, NO_RECORD),
        onWatermarkStatus: (_status, channel) => void accepts(channel, NO_RECORD),
        onEvent() {},
      },
      maxElements,
    )
    return status === 'MORE_AVAILABLE'
  }

  end(): void {
    this.#endOfDataTold = true
    this.#endedInputs.fill(true)
  }

  /** Gates that the head has not selected, and those that have ended, wake nobody. */
  onAvailable(callback: () => void): void {
    this.#inputs.forEach((input, i) => {
      const handler = this.#handlers[i]!
      // One that has ended would be available at once, again and again.
      if (handler.openChannels > 0 && this.#isReadable(handler)) input.onAvailable(callback)
    })
  }

  #readSelected(maxElements: number): boolean {
    let read = false
    for (let i = 0; i < maxElements; i++) {
      if (!this.#endOfDataTold) this.#select()
      if (!this.#readNextGate(1)) return read
      read = true
      this.#tellEndedInputs()
      if (this.#endedInputs[0] && this.#endedInputs[1]) return true
    }
    return read
  }

  /** One gate, the next in turn that has something. @returns whether there may be more */
  #readNextGate(maxElements: number): boolean {
    const inputs = this.#inputs
    let read = false
    for (let tried = 0; tried < inputs.length && !read; tried++) {
      const handler = this.#handlers[this.#current]!
      if (handler.openChannels > 0 && this.#isReadable(handler)) {
        const before = handler.elementCount
        const status = inputs[this.#current]!.poll(handler, maxElements)
        // What was handled may have been the last for now: that shows in the next call.
        read = status === 'MORE_AVAILABLE' || handler.elementCount > before
      }
      this.#current = this.#current + 1 === inputs.length ? 0 : this.#current + 1
    }
    return read
  }

  #select(): void {
    const selection = this.#twoInput!.nextSelection!()
    this.#selection = selection
    if (selection === 'ALL') return
    const input = selection === 'FIRST' ? 0 : 1
    // Nothing that could change the selection would ever come.
    if (this.#endedInputs[input] && !this.#endedInputs[1 - input]) {
      throw new InputSelectionError({ operatorName: this.#operatorName, selection })
    }
  }

  /** Gates that have only their end left are read whatever is selected. */
  #isReadable(handler: GateHandler): boolean {
    const selection = this.#selection
    if (selection === 'ALL' || handler.channelsWithData === 0) return true
    return handler.inputIndex === (selection === 'FIRST' ? 0 : 1)
  }

  #tellEndedInputs(): void {
    if (this.#twoInput === undefined) return
    for (let input = 0; input < 2; input++) {
      if (this.#endedInputs[input]) continue
      const ended = this.#handlers.every((h) => h.inputIndex !== input || h.channelsWithData === 0)
      if (!ended) continue
      this.#endedInputs[input] = true
      this.#twoInput.endInput?.(input === 0 ? 1 : 2)
    }
  }
}

function valveOutput(head: InputHead, inputIndex: number): WatermarkValveOutput {
  if (head.type === 'oneInput') {
    return {
      emitWatermark: (ms) => head.operator.processWatermark(ms),
      emitWatermarkStatus: (status) => head.operator.processWatermarkStatus(status),
    }
  }
  const { operator } = head
  return inputIndex === 0
    ? {
        emitWatermark: (ms) => operator.processWatermark1(ms),
        emitWatermarkStatus: (status) => operator.processWatermarkStatus1(status),
      }
    : {
        emitWatermark: (ms) => operator.processWatermark2(ms),
        emitWatermarkStatus: (status) => operator.processWatermarkStatus2(status),
      }
}
