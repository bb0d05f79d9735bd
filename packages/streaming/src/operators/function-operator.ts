import type { RichFunction } from '@flink-ts/core'
import type {
  OneInputStreamOperator,
  OperatorContext,
  Output,
  StateInitializationContext,
  StateSnapshotContext,
} from '@flink-ts/runtime/program'
import type { AnyFunction, FunctionInstance, UserFunction } from '../functions/user-function.js'
import { KeyedContext } from './keyed-context.js'
import { UserFunctionGuard } from './user-function-guard.js'

/** What every operator with one user function is made of. */
export interface FunctionOperatorOptions<F extends AnyFunction> {
  readonly operatorContext: OperatorContext
  readonly userFunction: UserFunction<F>
  /** Behind `keyBy`. */
  readonly keySelector: ((value: unknown) => unknown) | undefined
}

/** Base of the operators that call a user function per element: life cycle, checkpoints, watermarks, errors. */
export abstract class FunctionOperator<F extends AnyFunction> implements OneInputStreamOperator {
  protected readonly output: Output
  protected readonly call: F
  /** Set when the function uses keyed state: the key must be told to it before each call. */
  protected readonly keyed: KeyedContext | undefined
  protected readonly guard: UserFunctionGuard
  /** The object that the function is of, if it is of one. */
  protected readonly rich: RichFunction | undefined
  readonly #method: string

  constructor(options: FunctionOperatorOptions<F>) {
    const instance: FunctionInstance<F> = options.userFunction.instance()
    const { operatorContext, keySelector } = options
    this.output = operatorContext.output
    this.call = instance.call
    this.rich = instance.rich
    this.keyed =
      keySelector !== undefined && this.usesKeys(instance.rich)
        ? new KeyedContext(operatorContext, keySelector)
        : undefined
    this.guard = new UserFunctionGuard(operatorContext, instance.rich)
    this.#method = options.userFunction.method
  }

  abstract processElement(value: unknown, timestamp: number): void

  /** Whether the function has a way to keyed state. Asked in the constructor; a plain function has none. */
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

  processWatermark(timestampMs: number): void {
    this.output.emitWatermark(timestampMs)
  }

  processWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.output.emitWatermarkStatus(status)
  }

  protected get operatorName(): string {
    return this.guard.operatorName
  }

  /** The error to fail the task with when the user function, or what finds the key for it, threw `cause`. */
  protected failed(cause: unknown): Error {
    return this.guard.failed(this.#method, cause)
  }

  /** The error for a function that answered a Promise. */
  protected promised(result: Promise<unknown>): Error {
    return this.guard.promised(this.#method, result)
  }
}
