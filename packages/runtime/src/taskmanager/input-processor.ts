import assert from 'node:assert/strict'
import type { ChannelEvent } from '@flink-ts/network'
import { StatusWatermarkValve } from '../operators/status-watermark-valve.js'
import type {
  OneInputStreamOperator,
  TwoInputStreamOperator,
} from '../operators/stream-operator.js'
import type { TaskInput, TaskInputHandler } from './task-io.js'

/** Why a batch of input ended. */
export type InputResult = 'MORE' | 'NOTHING_AVAILABLE' | 'END_OF_DATA' | 'END_OF_INPUT'

/** The operator that a task's gates feed. */
export type InputHead =
  | { readonly type: 'oneInput'; readonly operator: OneInputStreamOperator }
  | { readonly type: 'twoInput'; readonly operator: TwoInputStreamOperator }

/** Reads a task's gates in turn and feeds the head of its chain. */
export class InputProcessor {
  readonly #inputs: readonly TaskInput[]
  readonly #handlers: readonly GateHandler[]
  #current = 0
  #endOfDataTold = false

  constructor(inputs: readonly TaskInput[], head: InputHead) {
    assert(inputs.length > 0, 'a task whose head is no source has an input gate')
    this.#inputs = inputs
    const firstChannels = [0, 0]
    const offsets = inputs.map((input) => {
      const first = firstChannels[input.inputIndex]!
      firstChannels[input.inputIndex] = first + input.numberOfChannels
      return first
    })
    const valves = firstChannels.map((channels, inputIndex) =>
      channels === 0
        ? undefined
        : new StatusWatermarkValve(channels, valveOutput(head, inputIndex)),
    )
    this.#handlers = inputs.map((input, i) => {
      const { inputIndex, numberOfChannels } = input
      return makeHandler(head, inputIndex, valves[inputIndex]!, offsets[i]!, numberOfChannels)
    })
  }

  /** Records of all gates so far. */
  get recordCount(): number {
    let count = 0
    for (const handler of this.#handlers) count += handler.recordCount
    return count
  }

  /**
   * Handles about `maxElements` at most, of one gate; the next call goes on with the next gate.
   * END_OF_DATA comes once, before END_OF_INPUT.
   */
  processBatch(maxElements: number): InputResult {
    const inputs = this.#inputs
    let read = false
    for (let tried = 0; tried < inputs.length && !read; tried++) {
      const handler = this.#handlers[this.#current]!
      if (handler.openChannels > 0) {
        const before = handler.elementCount
        const status = inputs[this.#current]!.poll(handler, maxElements)
        // What was handled may have been the last for now: that shows in the next call.
        read = status === 'MORE_AVAILABLE' || handler.elementCount > before
      }
      this.#current = this.#current + 1 === inputs.length ? 0 : this.#current + 1
    }
    if (!this.#endOfDataTold && this.#handlers.every((h) => h.channelsWithData === 0)) {
      this.#endOfDataTold = true
      return 'END_OF_DATA'
    }
    if (this.#endOfDataTold && this.#handlers.every((h) => h.openChannels === 0)) {
      return 'END_OF_INPUT'
    }
    return read ? 'MORE' : 'NOTHING_AVAILABLE'
  }
}

abstract class GateHandler implements TaskInputHandler {
  recordCount = 0
  #controlCount = 0
  channelsWithData: number
  openChannels: number
  readonly #valve: StatusWatermarkValve
  readonly #firstChannel: number

  constructor(valve: StatusWatermarkValve, firstChannel: number, numberOfChannels: number) {
    this.#valve = valve
    this.#firstChannel = firstChannel
    this.channelsWithData = numberOfChannels
    this.openChannels = numberOfChannels
  }

  /** Records and everything between them. */
  get elementCount(): number {
    return this.recordCount + this.#controlCount
  }

  abstract onRecord(value: unknown, timestamp: number): void

  onWatermark(timestampMs: number, channel: number): void {
    this.#controlCount++
    this.#valve.inputWatermark(timestampMs, this.#firstChannel + channel)
  }

  onWatermarkStatus(status: 'ACTIVE' | 'IDLE', channel: number): void {
    this.#controlCount++
    this.#valve.inputWatermarkStatus(status, this.#firstChannel + channel)
  }

  onEvent(event: ChannelEvent): void {
    this.#controlCount++
    switch (event.type) {
      case 'END_OF_DATA':
        this.channelsWithData--
        return
      case 'END_OF_PARTITION':
        this.openChannels--
        return
      case 'CHECKPOINT_BARRIER':
      case 'CANCEL_CHECKPOINT':
        // Nobody triggers checkpoints yet: a producer that sends one is of another version.
        assert.fail(`a ${event.type} came although the job takes no checkpoints`)
    }
  }
}

class OneInputHandler extends GateHandler {
  readonly #operator: OneInputStreamOperator

  constructor(operator: OneInputStreamOperator, ...gate: GateArguments) {
    super(...gate)
    this.#operator = operator
  }

  onRecord(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement(value, timestamp)
  }
}

class FirstInputHandler extends GateHandler {
  readonly #operator: TwoInputStreamOperator

  constructor(operator: TwoInputStreamOperator, ...gate: GateArguments) {
    super(...gate)
    this.#operator = operator
  }

  onRecord(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement1(value, timestamp)
  }
}

class SecondInputHandler extends GateHandler {
  readonly #operator: TwoInputStreamOperator

  constructor(operator: TwoInputStreamOperator, ...gate: GateArguments) {
    super(...gate)
    this.#operator = operator
  }

  onRecord(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement2(value, timestamp)
  }
}

type GateArguments = ConstructorParameters<typeof GateHandler>

function makeHandler(head: InputHead, inputIndex: number, ...gate: GateArguments): GateHandler {
  if (head.type === 'twoInput') {
    if (inputIndex === 0) return new FirstInputHandler(head.operator, ...gate)
    if (inputIndex === 1) return new SecondInputHandler(head.operator, ...gate)
  } else if (inputIndex === 0) {
    return new OneInputHandler(head.operator, ...gate)
  }
  assert.fail(`a head of type ${head.type} has no input ${inputIndex}`)
}

function valveOutput(head: InputHead, inputIndex: number) {
  if (head.type === 'oneInput') {
    return {
      emitWatermark: (ms: number) => head.operator.processWatermark(ms),
      emitWatermarkStatus: (s: 'ACTIVE' | 'IDLE') => head.operator.processWatermarkStatus(s),
    }
  }
  const { operator } = head
  return inputIndex === 0
    ? {
        emitWatermark: (ms: number) => operator.processWatermark1(ms),
        emitWatermarkStatus: (s: 'ACTIVE' | 'IDLE') => operator.processWatermarkStatus1(s),
      }
    : {
        emitWatermark: (ms: number) => operator.processWatermark2(ms),
        emitWatermarkStatus: (s: 'ACTIVE' | 'IDLE') => operator.processWatermarkStatus2(s),
      }
}
