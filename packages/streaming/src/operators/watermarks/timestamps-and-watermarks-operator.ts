import {
  MAX_WATERMARK,
  type OneInputStreamOperator,
  type OperatorContext,
} from '@flink-ts/runtime/program'
import type { WatermarkStrategy } from '../../eventtime/watermark-strategy.js'
import { WatermarkingOutput } from './watermarking-output.js'

/** Gives elements their event time and makes watermarks; those that come from before are dropped, but for the last one. */
export class TimestampsAndWatermarksOperator implements OneInputStreamOperator {
  readonly #strategy: WatermarkStrategy<unknown>
  readonly #context: OperatorContext
  #output: WatermarkingOutput | undefined

  constructor(strategy: WatermarkStrategy<unknown>, context: OperatorContext) {
    this.#strategy = strategy
    this.#context = context
  }

  open(): void {
    this.#output = new WatermarkingOutput(this.#strategy, this.#context)
  }

  processElement(value: unknown, timestamp: number): void {
    this.#output!.collect(value, timestamp)
  }

  processWatermark(timestampMs: number): void {
    if (timestampMs === MAX_WATERMARK) this.#output!.emitWatermark(timestampMs)
  }

  /** Whether this stream is idle its own elements tell. */
  processWatermarkStatus(): void {}

  finish(): void {
    this.#output!.finish()
  }

  close(): void {
    this.#output?.close()
  }
}
