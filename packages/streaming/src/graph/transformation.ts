import type { Boundedness, Sink, Source, TypeDescription } from '@flink-ts/core'
import type {
  DeclaredState,
  EdgeFunctions,
  OperatorFactory,
  PartitionerType,
} from '@flink-ts/runtime/program'
import type { WatermarkStrategy } from '../eventtime/watermark-strategy.js'

/** Whether an operator may share a task with its neighbours; Flink's strategies. */
export type ChainingStrategy = 'ALWAYS' | 'HEAD' | 'NEVER' | 'HEAD_WITH_SOURCES'

/** What connectors are made with when the graph is made. */
export interface ConnectorEnvironment {
  /** Absolute; what relative paths are relative to. Equal in the client and in every trace. */
  readonly workingDirectory: string
}

/** What can be set on every operator. Undefined: the environment's, or derived. */
export interface OperatorSettings {
  readonly id: number
  name: string
  uid: string | undefined
  parallelism: number | undefined
  maxParallelism: number | undefined
  slotSharingGroup: string | undefined
  /** Subtasks of the same number of all operators with this key share a slot. */
  coLocationGroupKey: string | undefined
  chainingStrategy: ChainingStrategy
  /** The declared type of what it emits. */
  outputType: TypeDescription | undefined
  /** The parallelism must stay 1; the text says why, to follow "because". */
  readonly onlyParallelismOne?: string
}

/** Reads from outside. */
export interface SourceTransformation extends OperatorSettings {
  readonly kind: 'source'
  readonly boundedness: Boundedness
  /** Facts that must be equal in every trace. */
  readonly fingerprint: string
  readonly createSource: (environment: ConnectorEnvironment) => Source<unknown, never>
  /** Absent: elements keep the timestamps that the source gives them, and there are the source's watermarks only. */
  readonly watermarkStrategy?: WatermarkStrategy<unknown>
}

/** Takes one stream, makes another. */
export interface OneInputTransformation extends OperatorSettings {
  readonly kind: 'operator'
  readonly input: Transformation
  /** Such as `map`; must be equal in every trace. */
  readonly operation: string
  readonly createFactory: (name: string) => OperatorFactory
  /** The user's functions in it. */
  readonly functions: readonly CallableFunction[]
  /** States that they tell of. */
  readonly states?: readonly DeclaredState[]
  /** In BATCH jobs: its weight among those that share its slot's managed memory. Default 0: it uses none. */
  readonly batchMemoryWeight?: number
  /** In BATCH jobs: combines elements on the way to it, in the tasks that make them. */
  readonly combiner?: OperatorFactory
}

/** Takes two streams, makes another. */
export interface TwoInputTransformation extends OperatorSettings {
  readonly kind: 'twoInput'
  readonly inputs: readonly [Transformation, Transformation]
  /** Such as `coMap`; must be equal in every trace. */
  readonly operation: string
  readonly createFactory: (name: string) => OperatorFactory
  /** The user's functions in it. */
  readonly functions: readonly CallableFunction[]
  /** States that they tell of. */
  readonly states?: readonly DeclaredState[]
}

/** Writes to the outside. */
export interface SinkTransformation extends OperatorSettings {
  readonly kind: 'sink'
  readonly input: Transformation
  readonly fingerprint: string
  readonly createSink: (environment: ConnectorEnvironment) => Sink<unknown, unknown>
}

/** How elements find their subtask. */
export interface Partitioning {
  readonly type: PartitionerType
  /** For HASH and CUSTOM. */
  readonly code?: EdgeFunctions
  readonly functions?: readonly CallableFunction[]
}

/** Sets the partitioning of the edges that leave `input`; no operator. */
export interface PartitionTransformation {
  readonly kind: 'partition'
  readonly input: Transformation
  readonly partitioning: Partitioning
}

/** All elements of several streams; no operator. */
export interface UnionTransformation {
  readonly kind: 'union'
  readonly inputs: readonly Transformation[]
}

/** What becomes an operator of the job. */
export type OperatorTransformation =
  | SourceTransformation
  | OneInputTransformation
  | TwoInputTransformation
  | SinkTransformation

/** One step of a program, as it was recorded. */
export type Transformation = OperatorTransformation | PartitionTransformation | UnionTransformation
