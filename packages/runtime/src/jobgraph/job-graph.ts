import type {
  IntermediateDataSetId,
  JobId,
  JobVertexId,
  ModuleReference,
  OperatorId,
  TypeDescription,
} from '@flink-ts/core'
import type { StateDescription } from '@flink-ts/state'

/** Version of the form below; a JobManager refuses one that it does not know. */
export const JOB_GRAPH_FORMAT_VERSION = 1

export type JobType = 'STREAMING' | 'BATCH'

/**
 * What the client hands to the Dispatcher: chains of operators (vertices) and what flows between them
 * (edges). Plain JSON; documented in docs/job-graph.md.
 */
export interface JobGraph {
  readonly formatVersion: typeof JOB_GRAPH_FORMAT_VERSION
  readonly jobId: JobId
  readonly name: string
  readonly jobType: JobType
  /** Topologically sorted: producers before consumers. */
  readonly vertices: readonly JobVertex[]
  readonly edges: readonly JobEdge[]
  /** Those whose slots must have certain resources; the others get equal shares of a TaskManager. */
  readonly slotSharingGroups?: readonly SlotSharingGroupDescriptor[]
  /** Bounds of the parallelism that somebody set while the job ran, by vertex id; of every vertex, or absent. */
  readonly resourceRequirements?: Readonly<Record<string, ParallelismRange>>
  /** The job's own configuration: Flink keys, over those of the cluster. */
  readonly configuration: Readonly<Record<string, string>>
  /** The user's program; absent if every operator is built from data. */
  readonly program?: ProgramDescriptor
}

/** How many subtasks a vertex may have, both ends included. */
export interface ParallelismRange {
  readonly lowerBound: number
  readonly upperBound: number
}

/** A slot sharing group with resources of its own. */
export interface SlotSharingGroupDescriptor {
  /** Of at least one vertex. */
  readonly name: string
  readonly resources: SlotSharingGroupResources
}

/** What each slot of a slot sharing group must have. Memory in bytes. */
export interface SlotSharingGroupResources {
  readonly cpuCores: number
  readonly taskHeapBytes: number
  readonly taskOffHeapBytes: number
  readonly managedBytes: number
  /** Such as `gpu`, by name. */
  readonly extendedResources: Readonly<Record<string, number>>
}

/** A chain of operators that runs in one task per subtask. */
export interface JobVertex {
  readonly id: JobVertexId
  /** Such as `Source: lines -> tokenize`. */
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  /** The chain, each operator after those that feed it; the first is the head. */
  readonly operators: readonly OperatorDescriptor[]
  readonly slotSharingGroup: string
  /** Subtasks of the same number of all vertices of it share a slot; all are in one slot sharing group. */
  readonly coLocationGroup?: string
}

/** One operator of a chain. */
export interface OperatorDescriptor {
  readonly operatorId: OperatorId
  readonly name: string
  readonly uid?: string
  readonly kind: 'source' | 'operator' | 'sink'
  /** Where its code comes from. */
  readonly code: CodeReference
  /**
   * Operators of the same chain whose output it takes, with the number of the input they feed (0 or 1).
   * Empty for the head, which takes the vertex's input edges or is a source.
   */
  readonly chainedInputs: readonly {
    readonly operatorId: OperatorId
    readonly inputIndex: number
  }[]
  /** For sources: makes the enumerator side on the JobManager. */
  readonly coordinator?: ModuleReference
  /** For sinks: run once by the JobManager before the first deployment. */
  readonly initializeOnMaster?: ModuleReference
  /** Bounded or not; for sources. */
  readonly boundedness?: 'BOUNDED' | 'CONTINUOUS_UNBOUNDED'
  /** What it uses of its slot's managed memory; absent: nothing. */
  readonly managedMemory?: ManagedMemoryUse
  /** States that it has, as far as the program tells; what is restored is compared with them before any task starts. */
  readonly states?: readonly DeclaredState[]
}

/** A state as the program declares it. JSON. */
export interface DeclaredState extends StateDescription {
  /** Paths of fields that have a value for snapshots that lack them. */
  readonly defaultedFields?: readonly string[]
}

/** How an operator uses managed memory; Flink's kinds of use. */
export interface ManagedMemoryUse {
  /** OPERATOR: the weight of its own memory beside that of other operators; about what it can make use of, in MB. */
  readonly operatorWeight?: number
  /** STATE_BACKEND: its keyed state lies in managed memory. */
  readonly stateBackend?: boolean
}

/** `traced`: found by running the program again, under the operator's or edge's id. `module`: built from data. */
export type CodeReference =
  | { readonly kind: 'traced' }
  | ({ readonly kind: 'module' } & ModuleReference)

export type PartitionerType =
  | 'FORWARD'
  | 'REBALANCE'
  | 'RESCALE'
  | 'SHUFFLE'
  | 'BROADCAST'
  | 'GLOBAL'
  | 'HASH'
  | 'CUSTOM'

/** Flink's names of how a data set is handed over. */
export type ResultPartitionType = 'pipelined_bounded' | 'pipelined' | 'blocking'

/** Data that flows from one vertex to another. */
export interface JobEdge {
  readonly id: IntermediateDataSetId
  readonly sourceVertexId: JobVertexId
  /** The operator of the source vertex whose output it is. */
  readonly sourceOperatorId: OperatorId
  readonly targetVertexId: JobVertexId
  /** The input of the target vertex's head: 0 or 1 (two-input operators). Several edges may feed one (union). */
  readonly targetInputIndex: number
  readonly partitioner: PartitionerType
  readonly exchange: ResultPartitionType
  /** For HASH (key selector) and CUSTOM (partitioner and key selector). */
  readonly partitionerCode?: CodeReference
  /** Declared type of the records; absent: learnt from them. */
  readonly type?: TypeDescription
}

/** How the user's program is found and run again in the task threads (DESIGN §4). */
export interface ProgramDescriptor {
  /** Blob of the bundled program (one ESM file, source map inside). Absent: run in the client's own process. */
  readonly bundleKey?: string
  /** Name of the program's file, for error messages and stack traces. */
  readonly programName: string
  /** The export that is called with the arguments; `main` unless `-c`; absent: top-level statements. */
  readonly entryPoint?: string
  readonly args: readonly string[]
  /** Environment variables that the client's run read. Never logged, never shown by REST. */
  readonly environment: Readonly<Record<string, string>>
  readonly clientVersion: string
  readonly nodeMajor: number
  /** `Date.now()` of the submission: frozen in every trace. */
  readonly submissionTimeMs: number
  /** Seed of `Math.random` and `randomUUID` in every trace. */
  readonly randomSeed: number
  /** Which `execute()` of the program this job is, from 0. */
  readonly executeIndex: number
  /** Results of the `execute()` calls before, replayed in a trace. JSON. */
  readonly earlierResults: readonly unknown[]
  /** Values of `env.fromSubmission(name, fn)`, by name. JSON. */
  readonly submissionValues: Readonly<Record<string, unknown>>
  /** A line per operator and edge; equal in every trace. The first line that differs is named in the error. */
  readonly structure: readonly string[]
  /** Captured primitives of each traced function, by operator or edge id. */
  readonly captures: Readonly<Record<string, readonly CapturedFunction[]>>
}

/** The primitives that one function of the program captured. */
export interface CapturedFunction {
  /** `file:line` in the user's source. */
  readonly location: string
  /** Variable name to a JSON text of its value (or a digest of a long one). */
  readonly variables: Readonly<Record<string, string>>
}
