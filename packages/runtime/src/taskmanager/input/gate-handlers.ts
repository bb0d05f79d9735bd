import assert from 'node:assert/strict'
import type { ChannelEvent, CheckpointBarrier } from '@flink-ts/network'
import type { StatusWatermarkValve } from '../../operators/status-watermark-valve.js'
import type {
  OneInputStreamOperator,
  TwoInputStreamOperator,
} from '../../operators/stream-operator.js'
import type { TaskInputHandler } from '../task-io.js'

/** The operator that a task's gates feed. */
export type InputHead =
  | { readonly type: 'oneInput'; readonly operator: OneInputStreamOperator }
  | { readonly type: 'twoInput'; readonly operator: TwoInputStreamOperator }

/** Who is told where the data of channels are cut and where they end; channels are numbered over all gates of the task. */
export interface InputEvents {
  onBarrier(barrier: CheckpointBarrier, channel: number): void
  onCancel(checkpointId: bigint, channel: number): void
  onEndOfPartition(channel: number): void
  /** All channels have said that their data are all there: nothing more is read until the operators have finished. */
  onEndOfAllData(): void
}

/** What the gates of a task have in common. */
export interface GatesOfTask {
  /** Undefined: the task takes no part in checkpoints. */
  readonly events: InputEvents | undefined
  /** Over all gates. */
  channelsWithData: number
}

/** Hands what one gate reads to the input of the head that it feeds, and knows how much is left. */
export abstract class GateHandler implements TaskInputHandler {
  readonly inputIndex: number
  recordCount = 0
  /** Channels that have not said that their data is all there. */
  channelsWithData: number
  /** Channels that have not ended. */
  openChannels: number
  #controlCount = 0
  readonly #valve: StatusWatermarkValve
  readonly #firstChannel: number
  readonly #task: GatesOfTask
  readonly #firstChannelOfTask: number

  constructor(gate: GateOfInput) {
    this.#task = gate.task
    this.#firstChannelOfTask = gate.firstChannelOfTask
    this.inputIndex = gate.inputIndex
    this.#valve = gate.valve
    this.#firstChannel = gate.firstChannel
    this.channelsWithData = gate.numberOfChannels
    this.openChannels = gate.numberOfChannels
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

  onEvent(event: ChannelEvent, channel: number): void {
    this.#controlCount++
    const { events } = this.#task
    const channelOfTask = this.#firstChannelOfTask + channel
    switch (event.type) {
      case 'END_OF_DATA':
        this.channelsWithData--
        if (--this.#task.channelsWithData === 0) events?.onEndOfAllData()
        return
      case 'END_OF_PARTITION':
        this.openChannels--
        events?.onEndOfPartition(channelOfTask)
        return
      case 'CHECKPOINT_BARRIER':
        assert(events !== undefined, 'a barrier came although the task takes no checkpoints')
        events.onBarrier(event, channelOfTask)
        return
      case 'CANCEL_CHECKPOINT':
        events?.onCancel(event.checkpointId, channelOfTask)
    }
  }
}

/** One gate among those that feed the same input. */
export interface GateOfInput {
  readonly inputIndex: number
  /** Of the whole input. */
  readonly valve: StatusWatermarkValve
  /** Number of the gate's first channel among those of the input. */
  readonly firstChannel: number
  readonly numberOfChannels: number
  /** Number of the gate's first channel among those of the task. */
  readonly firstChannelOfTask: number
  readonly task: GatesOfTask
}

class OneInputHandler extends GateHandler {
  readonly #operator: OneInputStreamOperator

  constructor(operator: OneInputStreamOperator, gate: GateOfInput) {
    super(gate)
    this.#operator = operator
  }

  onRecord(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement(value, timestamp)
  }
}

class FirstInputHandler extends GateHandler {
  readonly #operator: TwoInputStreamOperator

  constructor(operator: TwoInputStreamOperator, gate: GateOfInput) {
    super(gate)
    this.#operator = operator
  }

  onRecord(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement1(value, timestamp)
  }
}

class SecondInputHandler extends GateHandler {
  readonly #operator: TwoInputStreamOperator

  constructor(operator: TwoInputStreamOperator, gate: GateOfInput) {
    super(gate)
    this.#operator = operator
  }

  onRecord(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement2(value, timestamp)
  }
}

/** @throws AssertionError if the head has no such input */
export function gateHandler(head: InputHead, gate: GateOfInput): GateHandler {
  if (head.type === 'twoInput') {
    if (gate.inputIndex === 0) return new FirstInputHandler(head.operator, gate)
    if (gate.inputIndex === 1) return new SecondInputHandler(head.operator, gate)
  } else if (gate.inputIndex === 0) {
    return new OneInputHandler(head.operator, gate)
  }
  assert.fail(`a head of type ${head.type} has no input ${gate.inputIndex}`)
}
