import assert from 'node:assert/strict'
import { resultPartitionId } from '@flink-ts/core'
import type {
  InputGateDescriptor,
  ResultPartitionDescriptor,
  ShuffleDescriptor,
} from '@flink-ts/network'
import type { FencingToken } from '@flink-ts/rpc'
import type { ExecutionEdge } from '../executiongraph/execution-edge.js'
import type { ExecutionJobVertex } from '../executiongraph/execution-job-vertex.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { EndpointAddress, TaskDeploymentDescriptor } from '../messages/messages.generated.js'
import type { JobInformation, TaskInformation } from '../taskmanager/task-launcher.js'

/** Writes down what a TaskManager needs to run an attempt. */
export class TaskDeploymentDescriptors {
  readonly #jobId: string
  readonly #jobMaster: EndpointAddress
  readonly #token: FencingToken
  readonly #jobInformation: Uint8Array
  readonly #taskInformation = new WeakMap<ExecutionJobVertex, Uint8Array>()

  constructor(jobGraph: JobGraph, jobMaster: EndpointAddress, token: FencingToken) {
    this.#jobId = jobGraph.jobId
    this.#jobMaster = jobMaster
    this.#token = token
    const { jobId, name, jobType, configuration, program } = jobGraph
    this.#jobInformation = json({
      jobId,
      jobName: name,
      jobType,
      configuration,
      ...(program === undefined ? {} : { program }),
    } satisfies JobInformation)
  }

  /** The attempt, and all those that it reads from, must have their slots. */
  create(vertex: ExecutionVertex): TaskDeploymentDescriptor {
    const { current, jobVertex } = vertex
    assert(current.slot !== undefined, `attempt ${current.attemptId} has a slot`)
    return {
      jobId: this.#jobId,
      executionAttemptId: current.attemptId,
      allocationId: current.slot.allocationId,
      subtaskIndex: vertex.subtaskIndex,
      attemptNumber: current.attemptNumber,
      jobInformation: this.#jobInformation,
      taskInformation: this.#taskInformationOf(jobVertex),
      producedPartitions: json(jobVertex.outputs.map((edge) => partition(edge, vertex))),
      inputGates: json(jobVertex.inputs.map((edge, gate) => inputGate(edge, vertex, gate))),
      jobMaster: this.#jobMaster,
      jobMasterToken: this.#token,
    }
  }

  #taskInformationOf(jobVertex: ExecutionJobVertex): Uint8Array {
    let bytes = this.#taskInformation.get(jobVertex)
    if (bytes === undefined) {
      bytes = json({
        vertex: jobVertex.jobVertex,
        inputEdges: jobVertex.inputs.map(({ jobEdge }) => jobEdge),
        outputEdges: jobVertex.outputs.map(({ jobEdge }) => jobEdge),
        outputMaxParallelisms: jobVertex.outputs.map(
          ({ consumer }) => consumer.jobVertex.maxParallelism,
        ),
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
  }
}

function inputGate(
  edge: ExecutionEdge,
  vertex: ExecutionVertex,
  gate: number,
): InputGateDescriptor {
  const { producers, subpartitions } = edge.distribution.consumedBy(vertex.subtaskIndex)
  return {
    gateId: `${vertex.current.attemptId}/${gate}`,
    ownerName: vertex.current.taskName,
    consumedSubpartitions: subpartitions,
    producers: producers.map((producer) => shuffle(edge, edge.producer.subtasks[producer]!)),
  }
}

function shuffle(edge: ExecutionEdge, producer: ExecutionVertex): ShuffleDescriptor {
  const { slot, attemptId } = producer.current
  assert(slot !== undefined, `producer ${attemptId} has a slot`)
  const { resourceId, host, dataPort } = slot.location
  return { partitionId: partitionIdOf(edge, producer), location: { resourceId, host, dataPort } }
}

function partitionIdOf(edge: ExecutionEdge, producer: ExecutionVertex): string {
  return resultPartitionId(edge.jobEdge.id, producer.subtaskIndex, producer.current.attemptId)
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}
