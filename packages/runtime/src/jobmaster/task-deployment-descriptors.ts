import assert from 'node:assert/strict'
import { resultPartitionId } from '@flink-ts/core'
import type {
  InputGateDescriptor,
  ResultPartitionDescriptor,
  ShuffleDescriptor,
  ShuffleMaster,
} from '@flink-ts/network'
import type { FencingToken } from '@flink-ts/rpc'
import type { Execution } from '../executiongraph/execution.js'
import type { ExecutionEdge } from '../executiongraph/execution-edge.js'
import type { ExecutionJobVertex } from '../executiongraph/execution-job-vertex.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { EndpointAddress, TaskDeploymentDescriptor } from '../messages/messages.generated.js'
import { isOvertakable } from '../taskmanager/checkpoint/in-flight-capture.js'
import { type SlotSharing, slotSharingOf } from '../taskmanager/memory/slot-sharing.js'
import { type ProducerGroup, producerGroup } from '../taskmanager/producer-group.js'
import type {
  JobInformation,
  TaskCheckpointing,
  TaskInformation,
} from '../taskmanager/task-launcher.js'

/** What a deployment says of checkpoints. */
export interface TaskCheckpointFacts {
  /** Undefined: the job takes none. The same for all tasks of the job. */
  taskCheckpointing(): TaskCheckpointing | undefined
  /** `TaskDeploymentDescriptor.task_restore`; undefined: the task begins with nothing. */
  taskRestore(vertex: ExecutionVertex): Uint8Array | undefined
}

/** Writes down what a TaskManager needs to run an attempt. */
export class TaskDeploymentDescriptors {
  readonly #jobId: string
  readonly #jobMaster: EndpointAddress
  readonly #token: FencingToken
  readonly #shuffleMaster: ShuffleMaster
  /** Partitions of attempts that are registered. */
  readonly #registered = new WeakMap<Execution, Map<ExecutionEdge, ShuffleDescriptor>>()
  readonly #jobGraph: JobGraph
  readonly #checkpoints: TaskCheckpointFacts
  #jobInformation: Uint8Array | undefined
  /** Producers of all-to-all edges, as of a version of the producing vertex. */
  readonly #groups = new WeakMap<ExecutionEdge, { version: number; json: string }>()
  readonly #taskInformation = new WeakMap<ExecutionJobVertex, Uint8Array>()
  readonly #slotSharing: ReadonlyMap<string, SlotSharing>

  constructor(
    jobGraph: JobGraph,
    jobMaster: EndpointAddress,
    token: FencingToken,
    shuffleMaster: ShuffleMaster,
    checkpoints: TaskCheckpointFacts,
  ) {
    this.#checkpoints = checkpoints
    this.#shuffleMaster = shuffleMaster
    this.#jobId = jobGraph.jobId
    this.#jobMaster = jobMaster
    this.#token = token
    this.#slotSharing = slotSharingOf(jobGraph)
    this.#jobGraph = jobGraph
  }

  /** The attempt, and all those that it reads from, must have their slots. */
  create(vertex: ExecutionVertex): TaskDeploymentDescriptor {
    const { current, jobVertex } = vertex
    assert(current.slot !== undefined, `attempt ${current.attemptId} has a slot`)
    const taskRestore = this.#checkpoints.taskRestore(vertex)
    return {
      jobId: this.#jobId,
      executionAttemptId: current.attemptId,
      allocationId: current.slot.allocationId,
      subtaskIndex: vertex.subtaskIndex,
      attemptNumber: current.attemptNumber,
      jobInformation: this.#jobInformationBytes(),
      taskInformation: this.#taskInformationOf(jobVertex),
      producedPartitions: json(jobVertex.outputs.map((edge) => this.#partition(edge, vertex))),
      inputGates: this.#inputGates(vertex),
      jobMaster: this.#jobMaster,
      jobMasterToken: this.#token,
      ...(taskRestore !== undefined && { taskRestore }),
    }
  }

  #jobInformationBytes(): Uint8Array {
    const { jobId, name, jobType, configuration, program } = this.#jobGraph
    const checkpointing = this.#checkpoints.taskCheckpointing()
    this.#jobInformation ??= json({
      jobId,
      jobName: name,
      jobType,
      configuration,
      ...(program === undefined ? {} : { program }),
      ...(checkpointing !== undefined && { checkpointing }),
    } satisfies JobInformation)
    return this.#jobInformation
  }

  // The producers of an all-to-all edge are the same for each of its consumers: written down once.
  #inputGates(vertex: ExecutionVertex): Uint8Array {
    const gates = vertex.jobVertex.inputs.map((edge, gate) => {
      if (edge.distribution.pointwise)
        return JSON.stringify(this.#pointwiseGate(edge, vertex, gate))
      const own = JSON.stringify(gateOf(edge, vertex, gate))
      return `${own.slice(0, -1)},"group":${this.#groupOf(edge)}}`
    })
    return Buffer.from(`[${gates.join()}]`)
  }

  #groupOf(edge: ExecutionEdge): string {
    const { version } = edge.producer
    const known = this.#groups.get(edge)
    if (known?.version === version) return known.json
    const json = JSON.stringify(
      groupOf(edge, (producer) => this.#shuffleDescriptor(edge, producer)),
    )
    this.#groups.set(edge, { version, json })
    return json
  }

  #partition(edge: ExecutionEdge, vertex: ExecutionVertex): ResultPartitionDescriptor {
    // A producer without consumers yet is registered all the same.
    this.#shuffleDescriptor(edge, vertex)
    return partition(edge, vertex)
  }

  #pointwiseGate(edge: ExecutionEdge, vertex: ExecutionVertex, gate: number): InputGateDescriptor {
    const { producers } = edge.distribution.consumedBy(vertex.subtaskIndex)
    return {
      ...gateOf(edge, vertex, gate),
      producers: producers.map((producer) =>
        this.#shuffleDescriptor(edge, edge.producer.subtasks[producer]!),
      ),
    }
  }

  #shuffleDescriptor(edge: ExecutionEdge, producer: ExecutionVertex): ShuffleDescriptor {
    const { current } = producer
    const known = this.#registered.get(current) ?? new Map<ExecutionEdge, ShuffleDescriptor>()
    let descriptor = known.get(edge)
    if (descriptor === undefined) {
      assert(current.slot !== undefined, `producer ${current.attemptId} has a slot`)
      const { location } = current.slot
      const produced = partition(edge, producer)
      descriptor = this.#shuffleMaster.registerPartition(this.#jobId, produced, location)
      this.#registered.set(current, known.set(edge, descriptor))
    }
    return descriptor
  }

  #taskInformationOf(jobVertex: ExecutionJobVertex): Uint8Array {
    let bytes = this.#taskInformation.get(jobVertex)
    if (bytes === undefined) {
      const slotSharing = this.#slotSharing.get(jobVertex.jobVertex.slotSharingGroup)
      bytes = json({
        vertex: jobVertex.jobVertex,
        inputEdges: jobVertex.inputs.map(({ jobEdge }) => jobEdge),
        outputEdges: jobVertex.outputs.map(({ jobEdge }) => jobEdge),
        outputMaxParallelisms: jobVertex.outputs.map(
          ({ consumer }) => consumer.jobVertex.maxParallelism,
        ),
        overtakableOutputs: jobVertex.outputs.map(({ consumer }) =>
          // What a consumer has read of one input must not be behind what it waits for in another.
          consumer.inputs.every(({ jobEdge }) => isOvertakable(jobEdge)),
        ),
        ...(slotSharing === undefined ? {} : { slotSharing }),
      } satisfies TaskInformation)
      this.#taskInformation.set(jobVertex, bytes)
    }
    return bytes
  }
}

function partition(edge: ExecutionEdge, vertex: ExecutionVertex): ResultPartitionDescriptor {
  return {
    partitionId: partitionIdOf(edge, vertex),
    ownerName: vertex.current.taskName,
    numberOfSubpartitions: edge.distribution.numberOfSubpartitions(vertex.subtaskIndex),
    partitioner: edge.jobEdge.partitioner,
    type: edge.jobEdge.exchange,
  }
}

function gateOf(
  edge: ExecutionEdge,
  vertex: ExecutionVertex,
  gate: number,
): Omit<InputGateDescriptor, 'producers'> {
  return {
    gateId: `${vertex.current.attemptId}/${gate}`,
    ownerName: vertex.current.taskName,
    consumedSubpartitions: edge.distribution.subpartitionsOf(vertex.subtaskIndex),
  }
}

function groupOf(
  edge: ExecutionEdge,
  descriptorOf: (producer: ExecutionVertex) => ShuffleDescriptor,
): ProducerGroup {
  const { subtasks, jobVertex } = edge.producer
  return producerGroup(
    {
      dataSetId: edge.jobEdge.id,
      executionGraphId: subtasks[0]!.current.executionGraphId,
      vertexId: jobVertex.id,
    },
    subtasks.map((producer) => {
      const { attemptNumber } = producer.current
      return { attemptNumber, ...descriptorOf(producer) }
    }),
  )
}

function partitionIdOf(edge: ExecutionEdge, producer: ExecutionVertex): string {
  return resultPartitionId(edge.jobEdge.id, producer.subtaskIndex, producer.current.attemptId)
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}
