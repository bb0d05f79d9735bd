import type {
  Configuration,
  OperatorId,
  SerializerRegistry,
  Sink,
  Source,
  TypeDescription,
} from '@flink-ts/core'
import type {
  DeclaredState,
  JobType,
  OperatorFactory,
  SlotSharingGroupResources,
} from '@flink-ts/runtime/program'
import type { ChainingStrategy, Partitioning } from './transformation.js'

/** One operator of a {@link StreamGraph}. */
export interface StreamNode {
  /** Number of its transformation: in the order in which the program made them, from 1. */
  readonly id: number
  readonly operatorId: OperatorId
  readonly kind: 'source' | 'operator' | 'sink'
  /** With `Source: ` or `Sink: ` in front. */
  readonly name: string
  readonly uid: string | undefined
  readonly parallelism: number
  readonly maxParallelism: number
  readonly slotSharingGroup: string
  readonly coLocationGroupKey?: string | undefined
  readonly chainingStrategy: ChainingStrategy
  /** The declared type of what it emits; undefined: learnt from the records. */
  readonly outputType: TypeDescription | undefined
  readonly factory: OperatorFactory
  /** Of a source. */
  readonly source?: Source<unknown, never>
  /** Of a sink. */
  readonly sink?: Sink<unknown, unknown>
  /** What must be equal in every trace beside name and uid. */
  readonly fingerprint: string
  readonly functions: readonly CallableFunction[]
  /** States that the functions tell of. */
  readonly states: readonly DeclaredState[]
  /** In BATCH jobs; 0: it uses no managed memory. */
  readonly batchMemoryWeight: number
  /** In BATCH jobs: combines elements on the way to it, in the tasks that make them. */
  readonly combiner?: OperatorFactory
  /** In the order in which the program names the inputs. */
  readonly inEdges: StreamEdge[]
  readonly outEdges: StreamEdge[]
}

/** What flows from one operator to another. */
export interface StreamEdge {
  readonly source: StreamNode
  readonly target: StreamNode
  /** Position among the edges between the same two operators. */
  readonly index: number
  /** The input of the target that it feeds, if that is the second one. */
  readonly inputIndex?: 1
  readonly partitioning: Partitioning
  /** Whether the program said how to partition; otherwise FORWARD or REBALANCE follows from the parallelism. */
  readonly declared: boolean
}

/** The operators of a job and their edges, before operators are put into chains. */
export interface StreamGraph {
  readonly jobName: string
  readonly jobType: JobType
  /** Each node after those that feed it. */
  readonly nodes: readonly StreamNode[]
  readonly chaining: boolean
  /** Of the slot sharing groups that have some; groups without operators may be among them. */
  readonly slotSharingGroupResources: ReadonlyMap<string, SlotSharingGroupResources>
  /** Settings of the program over those of the client. */
  readonly configuration: Configuration
  /** Of the program's own classes. */
  readonly serializers: SerializerRegistry
}
