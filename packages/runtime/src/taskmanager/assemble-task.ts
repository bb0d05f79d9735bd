import {
  type AccumulatorRegistry,
  CheckpointingOptions,
  type Clock,
  type Configuration,
  ExecutionOptions,
  type FileSystems,
  KeyHandleSource,
  keyGroupRangeForOperator,
  type LineWriter,
  type Logger,
  type OperatorId,
  PipelineOptions,
  type Random,
  type SerializerRegistry,
  type SocketConnector,
} from '@flink-ts/core'
import type { MetricGroup } from '@flink-ts/metrics'
import {
  type BufferWaitStrategy,
  RecordReader,
  RecordWriter,
  storedInputGate,
  type TaskShuffle,
} from '@flink-ts/network'
import {
  HeapOperatorStateBackend,
  type KeyedStateBackend,
  type KeyedStateBackendOptions,
} from '@flink-ts/state'
import type { JobEdge, OperatorDescriptor } from '../jobgraph/job-graph.js'
import { OperatorChain } from '../operators/operator-chain.js'
import { OperatorServices } from '../operators/operator-services.js'
import type { SpillFiles } from '../operators/spill-files.js'
import type {
  JobCode,
  MailboxExecutor,
  OperatorContext,
  Output,
} from '../operators/stream-operator.js'
import { channelSelectorForEdge } from './channel-selector-for-edge.js'
import { edgeSerializer } from './edge-serializer.js'
import { type ManagedMemory, OperatorManagedMemory } from './memory/managed-memory.js'
import type { ManagedMemoryCounters } from './memory/slot-managed-memory.js'
import { managedMemoryShares, slotSharingOf } from './memory/slot-sharing.js'
import { NetworkTaskInput, NetworkTaskOutput } from './network-task-io.js'
import type { TaskParts } from './stream-task-options.js'
import type { TaskDeployment } from './task-launcher.js'

/** The part of a deployment that a task's own thread needs, with its ends of the network. Cloneable. */
export interface TaskThreadDeployment {
  readonly deployment: TaskDeployment
  /** In the order of the task's result partitions. */
  readonly partitions: readonly unknown[]
  /** In the order of the task's input gates. */
  readonly gates: readonly unknown[]
}

/** What a task has from the world, in its own thread. */
export interface TaskWorld {
  readonly clock: Clock
  readonly random: Random
  readonly fileSystems: FileSystems
  readonly sockets: SocketConnector
  readonly stdout: LineWriter
  readonly log: Logger
  readonly shuffle: TaskShuffle
  /** Absent: inline, see `ResultPartitionOptions`. */
  readonly waitStrategy?: BufferWaitStrategy
  /** The cluster's configuration with the job's over it. */
  readonly configuration: Configuration
  operatorMetrics(operatorName: string): MetricGroup
  /** Of the task. */
  readonly accumulators: AccumulatorRegistry
  /** Of the task and its slot. */
  readonly managedMemory: ManagedMemoryCounters
  readonly spillFiles: SpillFiles
  createKeyedState(options: KeyedStateBackendOptions): KeyedStateBackend
  sendOperatorEvent(operatorId: string, payload: Uint8Array): void
}

/** Name of a task with its subtask, such as `tokenize (2/4)`. */
export function taskNameWithSubtask(deployment: TaskDeployment): string {
  const { vertex } = deployment.task
  return `${vertex.name} (${deployment.subtaskIndex + 1}/${vertex.parallelism})`
}

/** How long records may wait in an unfilled buffer, in ms; 0: not at all, -1: until it is full. */
export function bufferTimeoutMs(deployment: TaskDeployment, configuration: Configuration): number {
  if (deployment.job.jobType === 'BATCH') return -1
  if (!configuration.get(ExecutionOptions.BUFFER_TIMEOUT_ENABLED)) return -1
  return configuration.get(ExecutionOptions.BUFFER_TIMEOUT)
}

/** Takes the task's gates and partitions and makes its operators. Once per handle. */
export function assembleTask(
  { deployment, partitions, gates }: TaskThreadDeployment,
  world: TaskWorld,
  code: JobCode,
  mailbox: MailboxExecutor,
): TaskParts {
  const { task } = deployment
  const nameOf = (id: OperatorId) =>
    task.vertex.operators.find((operator) => operator.operatorId === id)?.name ?? id
  const flushAlways = bufferTimeoutMs(deployment, world.configuration) === 0
  const isUnaligned = deployment.job.checkpointing?.unaligned === true
  const isOvertakable = (output: number) =>
    isUnaligned && task.overtakableOutputs?.[output] === true
  const outputs = task.outputEdges.map((edge, i) => {
    const partition = world.shuffle.attachPartition(partitions[i], {
      ...(world.waitStrategy === undefined ? {} : { waitStrategy: world.waitStrategy }),
      sendsWhole: isOvertakable(i),
    })
    const selector = channelSelectorForEdge(edge, code.edges.get(edge.id), {
      numberOfChannels: partition.numberOfSubpartitions,
      targetMaxParallelism: task.outputMaxParallelisms[i]!,
      random: world.random,
      operatorName: `keyBy behind ${nameOf(edge.sourceOperatorId)}`,
    })
    const serializer = edgeSerializer(edge, {
      operatorName: nameOf(edge.sourceOperatorId),
      registry: code.serializers,
    })
    const decodableAlone = isOvertakable(i)
    const options = { serializer, selector, flushAlways, decodableAlone }
    return new NetworkTaskOutput(new RecordWriter(partition, options))
  })
  const keyHandles = new KeyHandleSource()
  const inputSerializer = (edge: JobEdge) =>
    edgeSerializer(edge, {
      operatorName: edge.sourceOperatorId,
      registry: code.serializers,
      ...(edge.partitioner === 'HASH' ? { keyHandles } : {}),
    })
  const inputs = task.inputEdges.map((edge, i) => {
    const gate = world.shuffle.attachGate(gates[i], world.clock)
    const serializer = inputSerializer(edge)
    gate.waitsAlone = gates.length === 1
    return new NetworkTaskInput(new RecordReader(gate, serializer), edge.targetInputIndex)
  })
  const networkOutputs = new Map<OperatorId, NetworkTaskOutput[]>()
  for (const [i, edge] of task.outputEdges.entries()) {
    const of = networkOutputs.get(edge.sourceOperatorId) ?? []
    networkOutputs.set(edge.sourceOperatorId, [...of, outputs[i]!])
  }
  const shares = managedShares(deployment, world.configuration)
  const chain = new OperatorChain({
    operators: task.vertex.operators,
    code: code.operators,
    networkOutputs,
    objectReuse: world.configuration.get(PipelineOptions.OBJECT_REUSE),
    ...(code.serializers === undefined ? {} : { serializers: code.serializers }),
    createServices: (operator, output) =>
      operatorServices(deployment, operator, {
        ...{ world, output, mailbox, serializers: code.serializers },
        // Keys come with handles to the head only.
        ...(operator === task.vertex.operators[0] && { keyHandles }),
      }),
    createContext: (operator, output, services) => {
      const isHead = operator === task.vertex.operators[0]
      const managedMemory = new OperatorManagedMemory({
        operatorName: operator.name,
        shareBytes: shares.get(operator.operatorId) ?? 0,
        counters: world.managedMemory,
      })
      const handles = isHead ? { keyHandles } : {}
      const { serializers } = code
      const own = {
        ...{ world, output, mailbox, managedMemory, serializers, ...handles },
        services: services!,
      }
      return operatorContext(deployment, operator, own)
    },
  })
  const storedInput: TaskParts['storedInput'] = (gate, channels) => {
    const edge = task.inputEdges[gate]!
    const reader = new RecordReader(storedInputGate(channels), inputSerializer(edge))
    return new NetworkTaskInput(reader, edge.targetInputIndex)
  }
  const ownsRecord: TaskParts['ownsRecord'] = (gate) => {
    const edge = task.inputEdges[gate]!
    const { parallelism, maxParallelism } = task.vertex
    const selector = channelSelectorForEdge(edge, code.edges.get(edge.id), {
      numberOfChannels: parallelism,
      targetMaxParallelism: maxParallelism,
      random: world.random,
    })
    return (value) => selector.select(value) === deployment.subtaskIndex
  }
  return { chain, inputs, outputs, storedInput, ownsRecord }
}

/** What each operator of the task may reserve of its slot's managed memory, in bytes. */
export function managedShares(
  { task, slot }: TaskDeployment,
  configuration: Configuration,
): Map<OperatorId, number> {
  const sharing =
    task.slotSharing ??
    slotSharingOf({ vertices: [task.vertex] })
      .values()
      .next().value!
  return managedMemoryShares(task.vertex, sharing, slot?.managedBytes ?? 0, configuration)
}

interface OperatorParts {
  readonly world: TaskWorld
  readonly output: Output
  readonly mailbox: MailboxExecutor
  readonly serializers: SerializerRegistry | undefined
  readonly keyHandles?: KeyHandleSource
}

function operatorServices(
  { task, subtaskIndex }: TaskDeployment,
  { operatorId, name }: OperatorDescriptor,
  { world, output, mailbox, serializers, keyHandles }: OperatorParts,
): OperatorServices {
  const { parallelism, maxParallelism } = task.vertex
  const facts = {
    operator: { operatorId, operatorName: name, subtaskIndex },
    ...(serializers === undefined ? {} : { serializers }),
  }
  return new OperatorServices({
    clock: world.clock,
    mailbox,
    output,
    interruptibleTimers: world.configuration.get(CheckpointingOptions.INTERRUPTIBLE_TIMERS),
    createKeyedState: () =>
      world.createKeyedState({
        keyGroupRange: keyGroupRangeForOperator(maxParallelism, parallelism, subtaskIndex),
        maxParallelism,
        clock: world.clock,
        ...facts,
        ...(keyHandles === undefined ? {} : { keyHandles }),
      }),
    createOperatorState: () => new HeapOperatorStateBackend(facts),
  })
}

function operatorContext(
  deployment: TaskDeployment,
  operator: OperatorDescriptor,
  {
    world,
    output,
    mailbox,
    managedMemory,
    serializers,
    keyHandles,
    services,
  }: OperatorParts & {
    readonly managedMemory: ManagedMemory
    readonly services: OperatorServices
  },
): OperatorContext {
  const { job, task, subtaskIndex, attemptNumber } = deployment
  const { parallelism, maxParallelism } = task.vertex
  return {
    jobId: job.jobId,
    jobName: job.jobName,
    taskName: taskNameWithSubtask(deployment),
    operatorId: operator.operatorId,
    operatorName: operator.name,
    subtaskIndex,
    parallelism,
    maxParallelism,
    attemptNumber,
    jobType: job.jobType,
    configuration: world.configuration,
    output,
    clock: world.clock,
    random: world.random,
    fileSystems: world.fileSystems,
    sockets: world.sockets,
    stdout: world.stdout,
    metrics: world.operatorMetrics(operator.name),
    accumulators: world.accumulators,
    log: world.log,
    mailbox,
    managedMemory,
    spillFiles: world.spillFiles,
    ...(serializers === undefined ? {} : { serializers }),
    ...(keyHandles === undefined ? {} : { keyHandles }),
    sendEventToCoordinator: (event) => world.sendOperatorEvent(operator.operatorId, event),
    keyedState: () => services.keyedState(),
    processingTime: services.processingTime,
    timerService: (name, target) => services.timerService(name, target),
  }
}
