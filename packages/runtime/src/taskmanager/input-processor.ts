import assert from 'node:assert/strict'
import { StatusWatermarkValve } from '../operators/status-watermark-valve.js'
import type {
  OneInputStreamOperator,
  TwoInputStreamOperator,
} from '../operators/stream-operator.js'
import { Element, type TaskInput } from './task-io.js'

/** Why a batch of input ended. */
export type InputResult = 'MORE' | 'NOTHING_AVAILABLE' | 'END_OF_DATA' | 'END_OF_INPUT'

type ProcessRecord = (value: unknown, timestamp: number) => void

interface Gate {
  readonly input: TaskInput
  readonly process: ProcessRecord
  readonly valve: StatusWatermarkValve
  /** Number of this gate's first channel among all of its input. */
  readonly firstChannel: number
}

/** Reads a task's gates in turn and feeds the head of its chain. */
export class InputProcessor {
  readonly #gates: readonly Gate[]
  #current = 0
  #channelsWithData: number
  #openChannels: number
  #endOfDataTold = false
  recordCount = 0

  constructor(
    inputs: readonly TaskInput[],
    head:
      | { type: 'oneInput'; operator: OneInputStreamOperator }
      | { type: 'twoInput'; operator: TwoInputStreamOperator },
  ) {
    assert(inputs.length > 0, 'a task whose head is no source has an input gate')
    const sinks = head.type === 'oneInput' ? oneInput(head.operator) : twoInput(head.operator)
    const channels = [0, 0]
    const firstChannels = inputs.map((input) => {
      assert(sinks[input.inputIndex] !== undefined, `the head has an input ${input.inputIndex}`)
      const first = channels[input.inputIndex]!
      channels[input.inputIndex] = first + input.numberOfChannels
      return first
    })
    const valves = sinks.map((sink, i) =>
      channels[i] === 0 ? undefined : new StatusWatermarkValve(channels[i]!, sink),
    )
    this.#gates = inputs.map((input, i) => ({
      input,
      process: sinks[input.inputIndex]!.process,
      valve: valves[input.inputIndex]!,
      firstChannel: firstChannels[i]!,
    }))
    this.#channelsWithData = inputs.reduce((sum, input) => sum + input.numberOfChannels, 0)
    this.#openChannels = this.#channelsWithData
  }

  /** Handles at most `maxElements`, of one gate; the next call goes on with the next gate. */
  processBatch(maxElements: number): InputResult {
    const gates = this.#gates
    for (let tried = 0; tried < gates.length; tried++) {
      const gate = gates[this.#current]!
      const handled = this.#readGate(gate, maxElements)
      this.#current = this.#current + 1 === gates.length ? 0 : this.#current + 1
      if (this.#openChannels === 0) return 'END_OF_INPUT'
      if (this.#channelsWithData === 0 && !this.#endOfDataTold) {
        this.#endOfDataTold = true
        return 'END_OF_DATA'
      }
      if (handled > 0) return 'MORE'
    }
    return 'NOTHING_AVAILABLE'
  }

  #readGate(gate: Gate, maxElements: number): number {
    const { input, process } = gate
    let handled = 0
    for (; handled < maxElements; handled++) {
      const kind = input.next()
      if (kind === Element.record) {
        this.recordCount++
        process(input.value, input.timestamp)
      } else if (kind === Element.none) {
        break
      } else {
        this.#handleControl(gate, kind)
        // The end of the data is handled before what follows it.
        if (this.#channelsWithData === 0 && !this.#endOfDataTold) return handled + 1
      }
    }
    return handled
  }

  #handleControl(gate: Gate, kind: number): void {
    const { input, valve, firstChannel } = gate
    const channel = firstChannel + input.channelIndex
    switch (kind) {
      case Element.watermark:
        valve.inputWatermark(input.timestamp, channel)
        return
      case Element.active:
        valve.inputWatermarkStatus('ACTIVE', channel)
        return
      case Element.idle:
        valve.inputWatermarkStatus('IDLE', channel)
        return
      case Element.endOfData:
        this.#channelsWithData--
        return
      case Element.endOfPartition:
        this.#openChannels--
        return
      default:
        assert.fail(`a channel has no element of kind ${kind}`)
    }
  }
}

function oneInput(operator: OneInputStreamOperator) {
  return [
    {
      process: (value: unknown, timestamp: number) => operator.processElement(value, timestamp),
      emitWatermark: (timestampMs: number) => operator.processWatermark(timestampMs),
      emitWatermarkStatus: (status: 'ACTIVE' | 'IDLE') => operator.processWatermarkStatus(status),
    },
  ]
}

function twoInput(operator: TwoInputStreamOperator) {
  return [
    {
      process: (value: unknown, timestamp: number) => operator.processElement1(value, timestamp),
      emitWatermark: (timestampMs: number) => operator.processWatermark1(timestampMs),
      emitWatermarkStatus: (status: 'ACTIVE' | 'IDLE') => operator.processWatermarkStatus1(status),
    },
    {
      process: (value: unknown, timestamp: number) => operator.processElement2(value, timestamp),
      emitWatermark: (timestampMs: number) => operator.processWatermark2(timestampMs),
      emitWatermarkStatus: (status: 'ACTIVE' | 'IDLE') => operator.processWatermarkStatus2(status),
    },
  ]
}
