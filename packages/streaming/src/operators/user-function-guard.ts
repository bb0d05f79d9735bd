import {
  type CheckpointedFunction,
  type CheckpointListener,
  KeyNotSupportedError,
  type RichFunction,
} from '@flink-ts/core'
import type {
  OperatorContext,
  StateInitializationContext,
  StateSnapshotContext,
} from '@flink-ts/runtime/program'
import { InvalidProgramError, promiseResultError, UserFunctionError } from '../functions/errors.js'
import type { KeyedContext } from './keyed-context.js'
import { createRuntimeContext, keyedStateStore } from './runtime-context.js'

/** What a function object may have to do with checkpoints. */
type CheckpointHooks = Partial<CheckpointedFunction & CheckpointListener>

/**
 * Opens and closes the object that an operator's functions are of, lets it take part in checkpoints, and puts the operator's name
 * to its errors.
 */
export class UserFunctionGuard {
  readonly operatorName: string
  readonly #operatorContext: OperatorContext
  readonly #rich: (RichFunction & CheckpointHooks) | undefined

  constructor(operatorContext: OperatorContext, rich: RichFunction | undefined) {
    this.operatorName = operatorContext.operatorName
    this.#operatorContext = operatorContext
    this.#rich = rich
  }

  /** @param keyed behind `keyBy` */
  initializeState(
    context: StateInitializationContext,
    keyed: KeyedContext | undefined,
  ): void | Promise<void> {
    const rich = this.#rich
    if (rich?.initializeState === undefined) return
    const { restoredCheckpointId } = context
    const functionContext = {
      isRestored: restoredCheckpointId !== undefined,
      restoredCheckpointId,
      operatorStateStore: context.operatorState(),
      keyedStateStore: keyedStateStore(this.#operatorContext, keyed),
    }
    return this.#guarded('initializeState', () => rich.initializeState!(functionContext))
  }

  snapshotState(context: StateSnapshotContext): void | Promise<void> {
    const rich = this.#rich
    if (rich?.snapshotState === undefined) return
    const { checkpointId, timestampMs, isSavepoint } = context
    const functionContext = { checkpointId, timestampMs, isSavepoint }
    return this.#guarded('snapshotState', () => rich.snapshotState!(functionContext))
  }

  /** It may wait for the checkpoint that holds the end of its input to make something visible. */
  get needsFinalCheckpoint(): boolean {
    return this.#rich?.notifyCheckpointComplete !== undefined
  }

  notifyCheckpointComplete(checkpointId: bigint): void | Promise<void> {
    const rich = this.#rich
    if (rich?.notifyCheckpointComplete === undefined) return
    return this.#guarded('notifyCheckpointComplete', () =>
      rich.notifyCheckpointComplete!(checkpointId),
    )
  }

  notifyCheckpointAborted(checkpointId: bigint): void | Promise<void> {
    const rich = this.#rich
    if (rich?.notifyCheckpointAborted === undefined) return
    return this.#guarded('notifyCheckpointAborted', () =>
      rich.notifyCheckpointAborted!(checkpointId),
    )
  }

  /** @param keyed behind `keyBy` */
  open(keyed: KeyedContext | undefined): void | Promise<void> {
    if (this.#rich?.open === undefined) return
    const context = createRuntimeContext(this.#operatorContext, keyed)
    return this.#guarded('open', () => this.#rich!.open!(context))
  }

  close(): void | Promise<void> {
    if (this.#rich?.close === undefined) return
    return this.#guarded('close', () => this.#rich!.close!())
  }

  /** The error to fail the task with when a user function, or what finds the key for it, threw `cause`. */
  failed(functionName: string, cause: unknown): Error {
    const { operatorName } = this
    if (cause instanceof KeyNotSupportedError) return cause.of(operatorName)
    // No function of the user's: a built-in one, which says what is wrong itself.
    if (cause instanceof InvalidProgramError) {
      return new InvalidProgramError(`Operator '${operatorName}': ${cause.message}`)
    }
    return new UserFunctionError({ operatorName, functionName, cause })
  }

  /** The error for a function that answered a Promise. */
  promised(functionName: string, result: Promise<unknown>): Error {
    // Its own failure, should it come, is beside the point by then.
    result.catch(() => {})
    return promiseResultError(this.operatorName, functionName)
  }

  async #guarded(functionName: string, action: () => void | Promise<void>): Promise<void> {
    try {
      await action()
    } catch (cause) {
      throw new UserFunctionError({ operatorName: this.operatorName, functionName, cause })
    }
  }
}
