import { KeyNotSupportedError, type RichFunction } from '@flink-ts/core'
import {
  CombinedWatermark,
  type OperatorContext,
  type Output,
  type StateInitializationContext,
  type StateSnapshotContext,
  type TwoInputStreamOperator,
} from '@flink-ts/runtime/program'
import type { AnyFunction, CoUserFunction } from '../../functions/user-function.js'
import { KeyedContext } from '../keyed-context.js'
import { UserFunctionGuard } from '../user-function-guard.js'

type KeySelector = (value: unknown) => unknown

/** What every operator with a user function for each of two inputs is made of. */
export interface CoFunctionOperatorOptions<F extends AnyFunction> {
  readonly operatorContext: OperatorContext
  readonly userFunction: CoUserFunction<F>
  /** Where both inputs have keys. */
  readonly keySelectors: readonly [KeySelector, KeySelector] | undefined
}

/**
 * Base of the operators that call a user function per element of two inputs: life cycle, checkpoints, watermarks, errors. Where both
 * inputs have keys, both functions see the state of the key at hand.
 */
export abstract class CoFunctionOperator<F extends AnyFunction> implements TwoInputStreamOperator {
  protected readonly output: Output
  protected readonly calls: readonly [F, F]
  protected readonly methods: readonly [string, string]
  protected readonly guard: UserFunctionGuard
  /** Set when the functions use keyed state. */
  protected readonly keyed: KeyedContext | undefined
  /** The object that the functions are of, if they are of one. */
  protected readonly rich: RichFunction | undefined
  protected readonly keySelectors: readonly [KeySelector, KeySelector] | undefined
  readonly #watermark: CombinedWatermark

  constructor(options: CoFunctionOperatorOptions<F>) {
    const { operatorContext, userFunction, keySelectors } = options
    const { calls, rich } = userFunction.instance()
    this.output = operatorContext.output
    this.calls = calls
    this.methods = userFunction.methods
    this.guard = new UserFunctionGuard(operatorContext, rich)
    this.keySelectors = keySelectors
    this.rich = rich
    this.keyed =
      keySelectors !== undefined && this.usesKeys(rich)
        ? new KeyedContext(operatorContext, keySelectors[0])
        : undefined
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

  /** Whether the functions have a way to keyed state. Asked in the constructor; plain functions have none. */
  protected usesKeys(rich: RichFunction | undefined): boolean {
    return rich?.open !== undefined || (rich !== undefined && 'initializeState' in rich)
  }

  initializeState(context: StateInitializationContext): void | Promise<void> {
    return this.guard.initializeState(context, this.keyed)
  }

  snapshotState(context: StateSnapshotContext): void | Promise<void> {
    return this.guard.snapshotState(context)
  }

  get needsFinalCheckpoint(): boolean {
    return this.guard.needsFinalCheckpoint
  }

  notifyCheckpointComplete(checkpointId: bigint): void | Promise<void> {
    return this.guard.notifyCheckpointComplete(checkpointId)
  }

  notifyCheckpointAborted(checkpointId: bigint): void | Promise<void> {
    return this.guard.notifyCheckpointAborted(checkpointId)
  }

  open(): void | Promise<void> {
    return this.guard.open(this.keyed)
  }

  finish(): void | Promise<void> {}

  close(): void | Promise<void> {
    return this.guard.close()
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
