import type { IntermediateDataSetId, JobVertexId, OperatorId } from '@flink-ts/core'
import type { InputGateDescriptor, ResultPartitionDescriptor } from '@flink-ts/network'
import type {
  JobEdge,
  JobInformation,
  OperatorContext,
  OperatorDescriptor,
  OperatorFactory,
  PartitionerType,
  TaskDeployment,
} from '@flink-ts/runtime'

/** An operator of a vertex; fed by the one before it in the chain. */
export function operator(id: string, inputs: readonly string[] = []): OperatorDescriptor {
  return {
    operatorId: id as OperatorId,
    name: id,
    kind: 'operator',
    code: { kind: 'traced' },
    chainedInputs: inputs.map((input) => {
      const [operatorId, inputIndex] = input.split('/')
      return { operatorId: operatorId as OperatorId, inputIndex: Number(inputIndex ?? 0) }
    }),
  }
}

export interface VertexSpec {
  readonly id: string
  readonly parallelism: number
  readonly operators: readonly OperatorDescriptor[]
}

/** Vertices in a row; each edge goes from the last operator of one to the head of the next. */
export function deployments(
  vertices: readonly VertexSpec[],
  options: {
    partitioner?: PartitionerType
    job?: Partial<JobInformation>
    bundlePath?: string
  } = {},
): TaskDeployment[] {
  const job: JobInformation = {
    jobId: 'job',
    jobName: 'test job',
    jobType: 'STREAMING',
    configuration: {},
    ...options.job,
  }
  const edges = vertices.slice(1).map((target, i): JobEdge => {
    const source = vertices[i]!
    return {
      id: `${source.id}-${target.id}` as IntermediateDataSetId,
      sourceVertexId: source.id as JobVertexId,
      sourceOperatorId: source.operators.at(-1)!.operatorId,
      targetVertexId: target.id as JobVertexId,
      targetInputIndex: 0,
      partitioner: options.partitioner ?? 'HASH',
      exchange: 'pipelined_bounded',
      partitionerCode: { kind: 'traced' },
    }
  })
  return vertices.flatMap((vertex, v) =>
    Array.from({ length: vertex.parallelism }, (_, subtaskIndex): TaskDeployment => {
      const input = edges[v - 1]
      const output = edges[v]
      const gate: InputGateDescriptor | undefined = input && {
        gateId: `${vertex.id}_${subtaskIndex}/0`,
        consumedSubpartitions: { first: subtaskIndex, last: subtaskIndex },
        producers: Array.from({ length: vertices[v - 1]!.parallelism }, (_, p) => ({
          partitionId: `${input.id}#${p}`,
          location: { resourceId: 'tm', host: '127.0.0.1', dataPort: 0 },
        })),
      }
      const partition: ResultPartitionDescriptor | undefined = output && {
        partitionId: `${output.id}#${subtaskIndex}`,
        numberOfSubpartitions: vertices[v + 1]!.parallelism,
        partitioner: output.partitioner,
      }
      return {
        executionAttemptId: `${vertex.id}_${subtaskIndex}`,
        allocationId: 'slot',
        subtaskIndex,
        attemptNumber: 0,
        job,
        task: {
          vertex: {
            id: vertex.id as JobVertexId,
            name: vertex.id,
            parallelism: vertex.parallelism,
            maxParallelism: 128,
            operators: vertex.operators,
            slotSharingGroup: 'default',
          },
          inputEdges: input ? [input] : [],
          outputEdges: output ? [output] : [],
          outputMaxParallelisms: output ? [128] : [],
        },
        producedPartitions: partition ? [partition] : [],
        inputGates: gate ? [gate] : [],
        ...(options.bundlePath === undefined ? {} : { bundlePath: options.bundlePath }),
      }
    }),
  )
}

const lifeCycle = { open() {}, finish() {}, close() {} }

/** Emits `count` numbers from 0 in batches of 100, then ends. */
export function countingSource(count: number): OperatorFactory {
  return {
    type: 'source',
    createOperator(context: OperatorContext) {
      let next = 0
      return {
        ...lifeCycle,
        emitNext() {
          for (let i = 0; i < 100 && next < count; i++) context.output.collect(next++, Number.NaN)
          return next < count ? 'MORE_AVAILABLE' : 'END_OF_INPUT'
        },
        isAvailable: () => Promise.resolve(),
      }
    },
  }
}

/** A source that never has anything. */
export const silentSource: OperatorFactory = {
  type: 'source',
  createOperator: () => ({
    ...lifeCycle,
    emitNext: () => 'NOTHING_AVAILABLE',
    isAvailable: () => new Promise<void>(() => {}),
  }),
}

/** Calls `process` with each element. */
export function mapping(
  process: (value: unknown, context: OperatorContext) => void,
  hooks: Partial<typeof lifeCycle> = {},
): OperatorFactory {
  return {
    type: 'oneInput',
    createOperator: (context: OperatorContext) => ({
      ...lifeCycle,
      ...hooks,
      processElement: (value: unknown) => process(value, context),
      processWatermark: (timestampMs: number) => context.output.emitWatermark(timestampMs),
      processWatermarkStatus: (status: 'ACTIVE' | 'IDLE') =>
        context.output.emitWatermarkStatus(status),
    }),
  }
}
