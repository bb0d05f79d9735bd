import type { RichFunction } from '@flink-ts/core'
import type {
  OperatorContext,
  Output,
  StateInitializationContext,
  StateSnapshotContext,
} from '@flink-ts/runtime/program'
import { KeyedContext } from './keyed-context.js'
import { UserFunctionGuard } from './user-function-guard.js'

/** Base of the operators that call user functions: what is done beside the elements, whatever their inputs are. */
export abstract class UserFunctionOperator {
  protected readonly output: Output
  protected readonly guard: UserFunctionGuard
  /** Set when the functions use keyed state: the key must be told to it before each call. */
  protected readonly keyed: KeyedContext | undefined
  /** The object that the functions are of, if they are of one. */
  protected readonly rich: RichFunction | undefined

  /** @param keySelector behind `keyBy`, of the first input */
  constructor(
    operatorContext: OperatorContext,
    rich: RichFunction | undefined,
    keySelector: ((value: unknown) => unknown) | undefined,
  ) {
    this.output = operatorContext.output
    this.guard = new UserFunctionGuard(operatorContext, rich)
    this.rich = rich
    this.keyed =
      keySelector !== undefined && this.usesKeys(rich)
        ? new KeyedContext(operatorContext, keySelector)
        : undefined
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
}
