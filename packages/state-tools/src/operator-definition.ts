import type {
  KeyedStateKind,
  OperatorStateKind,
  StateDescription,
  StateType,
} from '@flink-ts/state'

/** What one key shall have in one keyed state; `value` in the form that {@link KeyedEntry} describes. */
export interface KeyedStateRecord {
  readonly state: string
  readonly key: unknown
  readonly value: unknown
}

/** One element of a list or union state, or one entry `[key, value]` of a broadcast state. */
export interface OperatorStateRecord {
  readonly state: string
  readonly value: unknown
}

/** Values that come at once or one after the other. */
export type Records<R> = Iterable<R> | AsyncIterable<R>

/** An operator with its state, to be put into a savepoint. */
export interface OperatorDefinition {
  /** That of the operator in the program. */
  readonly uid: string
  /** Default: the uid. */
  readonly name?: string
  /** Of the files; the job may be started with another one. Default 1. */
  readonly parallelism?: number
  /** Default: that of the writer. */
  readonly maxParallelism?: number
  readonly keyed?: {
    /** Default `dynamic`. */
    readonly keyType?: StateType
    readonly states: readonly StateDescription<KeyedStateKind>[]
    /** In any order, each key once per state. */
    readonly records: Records<KeyedStateRecord>
  }
  readonly operatorStates?: {
    readonly states: readonly StateDescription<OperatorStateKind>[]
    readonly records: Records<OperatorStateRecord>
  }
  /** For its coordinator on the JobManager, such as a source's enumerator. */
  readonly coordinatorState?: Uint8Array
}

/** What becomes of an operator that a savepoint has. Absent functions change nothing. */
export interface OperatorTransformation {
  /** Types of states whose values change their type, and states that are added; by name. */
  readonly states?: readonly StateDescription[]
  /** Names of states that are left out. */
  readonly removedStates?: readonly string[]
  /** One record becomes none (undefined), one, or several. */
  readonly keyed?: (
    record: KeyedStateRecord,
  ) => KeyedStateRecord | undefined | Iterable<KeyedStateRecord>
  readonly operatorStates?: (
    record: OperatorStateRecord,
  ) => OperatorStateRecord | undefined | Iterable<OperatorStateRecord>
}
