import { KeyNotSupportedError } from '@flink-ts/core'
import {
  CombinedWatermark,
  type OperatorContext,
  type TwoInputStreamOperator,
} from '@flink-ts/runtime/program'
import type { AnyFunction, CoUserFunction } from '../../functions/user-function.js'
import { UserFunctionOperator } from '../user-function-operator.js'

type KeySelector = (value: unknown) => unknown

/** What every operator with a user function for each of two inputs is made of. */
export interface CoFunctionOperatorOptions<F extends AnyFunction> {
  readonly operatorContext: OperatorContext
  readonly userFunction: CoUserFunction<F>
  /** Where both inputs have keys. */
  readonly keySelectors: readonly [KeySelector, KeySelector] | undefined
}

/**
 * Base of the operators that call a user function per element of two inputs: watermarks, errors. Where both
 * inputs have keys, both functions see the state of the key at hand.
 */
export abstract class CoFunctionOperator<F extends AnyFunction>
  extends UserFunctionOperator
  implements TwoInputStreamOperator
{
  protected readonly calls: readonly [F, F]
  protected readonly methods: readonly [string, string]
  protected readonly keySelectors: readonly [KeySelector, KeySelector] | undefined
  readonly #watermark: CombinedWatermark

  constructor(options: CoFunctionOperatorOptions<F>) {
    const { operatorContext, userFunction, keySelectors } = options
    const { calls, rich } = userFunction.instance()
    super(operatorContext, rich, keySelectors?.[0])
    this.calls = calls
    this.methods = userFunction.methods
    this.keySelectors = keySelectors
    const { output } = this
    this.#watermark = new CombinedWatermark(2, {
      emitWatermark: (timestampMs) => {
        this.advanceWatermark(timestampMs, () => output.emitWatermark(timestampMs))
      },
      emitWatermarkStatus: (status) => output.emitWatermarkStatus(status),
    })
  }

  /** Event time of both inputs has come so far. @param goOn sends the watermark on */
  protected advanceWatermark(_timestampMs: number, goOn: () => void): void {
    goOn()
  }

  processElement1(value: unknown, timestamp: number): void {
    this.process(0, value, timestamp)
  }

  processElement2(value: unknown, timestamp: number): void {
    this.process(1, value, timestamp)
  }

  /** @param input 0 or 1 */
  protected abstract process(input: 0 | 1, value: unknown, timestamp: number): void

  /** State belongs to the key of `value` until `keyed.end`. @returns that key; undefined without keys */
  protected begin(input: 0 | 1, value: unknown): unknown {
    if (this.keySelectors === undefined) return undefined
    const key = this.keySelectors[input](value)
    if (key === undefined) {
      throw new KeyNotSupportedError('key', 'undefined', this.guard.operatorName)
    }
    this.keyed?.beginKey(key)
    return key
  }

  /** The error to fail the task with when the function of `input`, or what finds the key for it, threw `cause`. */
  protected failed(input: 0 | 1, cause: unknown): Error {
    return this.guard.failed(this.methods[input], cause)
  }

  processWatermark1(timestampMs: number): void {
    this.#watermark.updateWatermark(0, timestampMs)
  }

  processWatermark2(timestampMs: number): void {
    this.#watermark.updateWatermark(1, timestampMs)
  }

  processWatermarkStatus1(status: 'ACTIVE' | 'IDLE'): void {
    this.#watermark.updateStatus(0, status)
  }

  processWatermarkStatus2(status: 'ACTIVE' | 'IDLE'): void {
    this.#watermark.updateStatus(1, status)
  }
}
