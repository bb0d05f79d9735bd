import { type CancelTimer, PipelineOptions } from '@flink-ts/core'
import { NO_WATERMARK, type OperatorContext, type SourceOutput } from '@flink-ts/runtime/program'
import type { WatermarkGenerator, WatermarkOutput } from '../../eventtime/watermark-generator.js'
import type { TimestampAssigner, WatermarkStrategy } from '../../eventtime/watermark-strategy.js'
import { UserFunctionError } from '../../functions/errors.js'

/** Gives elements their event time on the way to an operator's output, and makes watermarks of them. */
export class WatermarkingOutput implements SourceOutput {
  readonly #context: OperatorContext
  readonly #assigner: TimestampAssigner<unknown> | undefined
  readonly #generator: WatermarkGenerator<unknown>
  readonly #watermarks: WatermarkOutput
  readonly #intervalMs: number
  #cancelTimer: CancelTimer | undefined
  #highest = NO_WATERMARK
  #isIdle = false

  /** From now on the generator is asked for watermarks, until {@link close}. */
  constructor(strategy: WatermarkStrategy<unknown>, context: OperatorContext) {
    this.#context = context
    this.#assigner = strategy.timestampAssigner
    const { clock } = context
    this.#generator = this.#guarded('createWatermarkGenerator', () =>
      strategy.createWatermarkGenerator({ relativeTimeMs: () => clock.monotonicNow() }),
    )
    this.#watermarks = {
      emitWatermark: (timestampMs) => this.emitWatermark(timestampMs),
      markIdle: () => this.emitWatermarkStatus('IDLE'),
      markActive: () => this.emitWatermarkStatus('ACTIVE'),
    }
    this.#intervalMs = context.configuration.get(PipelineOptions.AUTO_WATERMARK_INTERVAL)
    if (this.#intervalMs > 0) this.#scheduleNext()
  }

  collect(value: unknown, timestamp: number): void {
    const assigned = this.#assigner === undefined ? timestamp : this.#assign(value, timestamp)
    // Before the watermark, which may overtake it otherwise.
    this.#context.output.collect(value, assigned)
    try {
      this.#generator.onEvent(value, assigned, this.#watermarks)
    } catch (cause) {
      throw this.#failed('onEvent', cause)
    }
  }

  emitWatermark(timestampMs: number): void {
    if (timestampMs <= this.#highest) return
    this.#highest = timestampMs
    this.emitWatermarkStatus('ACTIVE')
    this.#context.output.emitWatermark(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    const isIdle = status === 'IDLE'
    if (isIdle === this.#isIdle) return
    this.#isIdle = isIdle
    this.#context.output.emitWatermarkStatus(status)
  }

  /** Asks the generator once more. */
  finish(): void {
    this.#guarded('onPeriodicEmit', () => this.#generator.onPeriodicEmit(this.#watermarks))
  }

  close(): void {
    this.#cancelTimer?.()
  }

  #scheduleNext(): void {
    const { processingTime } = this.#context
    const timestampMs = processingTime.currentTimeMs() + this.#intervalMs
    this.#cancelTimer = processingTime.registerTimer(
      timestampMs,
      () => {
        this.finish()
        this.#scheduleNext()
      },
      'watermarks',
    )
  }

  #assign(value: unknown, timestamp: number): number {
    let assigned: unknown
    try {
      assigned = this.#assigner!(value, timestamp)
    } catch (cause) {
      throw this.#failed('extractTimestamp', cause)
    }
    if (typeof assigned === 'number') return assigned
    throw this.#failed(
      'extractTimestamp',
      new TypeError(`it answered ${String(assigned)}; expected ms since the epoch as a number`),
    )
  }

  #guarded<R>(functionName: string, call: () => R): R {
    try {
      return call()
    } catch (cause) {
      throw this.#failed(functionName, cause)
    }
  }

  #failed(functionName: string, cause: unknown): Error {
    const { operatorName } = this.#context
    return new UserFunctionError({ operatorName, functionName, cause })
  }
}
