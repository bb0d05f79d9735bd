import { InvalidProgramError } from '../functions/errors.js'
import { BoundedOutOfOrderness } from './bounded-out-of-orderness.js'
import { IdlenessDetection } from './idleness-detection.js'
import type { WatermarkGenerator, WatermarkGeneratorContext } from './watermark-generator.js'

/**
 * The event time of an element, in ms since the epoch.
 *
 * @param recordTimestampMs what the source gave it; NaN if it has none
 */
export type TimestampAssigner<T> = (element: T, recordTimestampMs: number) => number

/** How elements get their event time, and how far event time has come. Immutable; each method answers a new one. */
export class WatermarkStrategy<T> {
  readonly #createGenerator: (context: WatermarkGeneratorContext) => WatermarkGenerator<T>
  /** Undefined: elements keep the timestamps that they have. */
  readonly timestampAssigner: TimestampAssigner<T> | undefined

  private constructor(
    createGenerator: (context: WatermarkGeneratorContext) => WatermarkGenerator<T>,
    timestampAssigner?: TimestampAssigner<T>,
  ) {
    this.#createGenerator = createGenerator
    this.timestampAssigner = timestampAssigner
  }

  /** For timestamps that never go back within a subtask of the source. */
  static forMonotonousTimestamps<T>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forBoundedOutOfOrderness(0)
  }

  /** For elements that come at most `maxOutOfOrdernessMs` after others with a later timestamp. @throws InvalidProgramError */
  static forBoundedOutOfOrderness<T>(maxOutOfOrdernessMs: number): WatermarkStrategy<T> {
    checkMs('the disorder of a watermark strategy', maxOutOfOrdernessMs, 0)
    return new WatermarkStrategy(() => new BoundedOutOfOrderness<T>(maxOutOfOrdernessMs))
  }

  /** Without watermarks, but for the last one at the end of input. */
  static noWatermarks<T>(): WatermarkStrategy<T> {
    return new WatermarkStrategy(() => ({ onEvent() {}, onPeriodicEmit() {} }))
  }

  /** With watermarks of one's own. @param create called once per subtask */
  static forGenerator<T>(
    create: (context: WatermarkGeneratorContext) => WatermarkGenerator<T>,
  ): WatermarkStrategy<T> {
    return new WatermarkStrategy(create)
  }

  withTimestampAssigner(assigner: TimestampAssigner<T>): WatermarkStrategy<T> {
    return new WatermarkStrategy(this.#createGenerator, assigner)
  }

  /** A subtask without elements for `timeoutMs` holds no watermarks back until the next one comes. */
  withIdleness(timeoutMs: number): WatermarkStrategy<T> {
    checkMs('the idle timeout of a watermark strategy', timeoutMs, 1)
    const create = this.#createGenerator
    return new WatermarkStrategy(
      (context) => new IdlenessDetection(create(context), timeoutMs, context),
      this.timestampAssigner,
    )
  }

  createWatermarkGenerator(context: WatermarkGeneratorContext): WatermarkGenerator<T> {
    return this.#createGenerator(context)
  }
}

function checkMs(what: string, ms: number, min: number): void {
  if (Number.isFinite(ms) && ms >= min) return
  throw new InvalidProgramError(`Cannot use ${ms} as ${what}: expected milliseconds from ${min} on`)
}
