import {
  ConfigOptions,
  ExecutionOptions,
  type JobId,
  type JobVertexId,
  type OperatorId,
} from '@flink-ts/core'
import {
  type EdgeFunctions,
  JOB_GRAPH_FORMAT_VERSION,
  type JobEdge,
  type JobGraph,
  type JobType,
  type JobVertex,
  type OperatorDescriptor,
  type OperatorFactory,
  type RecordedJob,
  type ResultPartitionType,
} from '@flink-ts/runtime/program'
import { chainName } from './chain-name.js'
import { type ChainingSettings, isChainable } from './chaining.js'
import { executionPlanOf } from './execution-plan.js'
import { withLocalCombiners } from './local-combine.js'
import { edgeId } from './operator-ids.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'
import { structureOf } from './structure.js'

const CHAIN_DIFFERENT_MAX_PARALLELISM = ConfigOptions.key(
  'pipeline.operator-chaining.chain-operators-with-different-max-parallelism',
)
  .booleanType()
  .defaultValue(true)

/** Settings of the client that belong to the job and travel with it. */
const JOB_LEVEL_KEYS =
  /^(execution\.|pipeline\.|restart-strategy|parallelism\.default$|state\.|task\.cancellation\.)/

/**
 * Puts the operators of a graph into chains: the form that a cluster runs, and the code that its tasks look up.
 *
 * Stages of a batch job exchange their data through files unless `execution.batch-shuffle-mode` asks for pipelined
 * exchanges.
 */
export function generateRecordedJob(recorded: StreamGraph, jobId: JobId): RecordedJob {
  const graph = withLocalCombiners(recorded)
  const heads = chainHeads(graph)
  const exchange = exchangeOf(graph)
  const jobGraph: JobGraph = {
    formatVersion: JOB_GRAPH_FORMAT_VERSION,
    jobId,
    name: graph.jobName,
    jobType: graph.jobType,
    vertices: verticesOf(graph, heads),
    edges: edgesBetween(graph, heads).map((edge) => jobEdge(edge, heads, exchange)),
    ...slotSharingGroupsOf(graph),
    configuration: Object.fromEntries(
      Object.entries(graph.configuration.toMap()).filter(([key]) => JOB_LEVEL_KEYS.test(key)),
    ),
  }
  return {
    jobGraph,
    ...codeOf(graph),
    structure: structureOf(recorded),
    executionPlan: executionPlanOf(recorded),
  }
}

/** The head of each operator's chain: itself, or that of the one it is chained to. */
function chainHeads(graph: StreamGraph): Map<StreamNode, StreamNode> {
  const settings: ChainingSettings = {
    enabled: graph.chaining,
    differentMaxParallelism: graph.configuration.get(CHAIN_DIFFERENT_MAX_PARALLELISM),
  }
  const heads = new Map<StreamNode, StreamNode>()
  for (const node of graph.nodes) {
    const chained = node.inEdges.find((edge) => isChainable(edge, settings))
    heads.set(node, chained === undefined ? node : heads.get(chained.source)!)
  }
  return heads
}

function verticesOf(graph: StreamGraph, heads: ReadonlyMap<StreamNode, StreamNode>): JobVertex[] {
  const chains = new Map<StreamNode, StreamNode[]>()
  for (const node of graph.nodes) {
    const head = heads.get(node)!
    if (head === node) chains.set(node, [])
    chains.get(head)!.push(node)
  }
  return inTopologicalOrder(chains, heads).map(([head, chain]) => ({
    id: vertexId(head),
    name: chainName(head, new Set(chain)),
    parallelism: head.parallelism,
    // Of a chain only the head can have key groups: what is hashed starts a chain.
    maxParallelism: head.maxParallelism,
    operators: chain.map((node) => describe(node, heads, graph.jobType)),
    slotSharingGroup: head.slotSharingGroup,
    ...(head.coLocationGroupKey !== undefined && { coLocationGroup: head.coLocationGroupKey }),
  }))
}

function slotSharingGroupsOf({
  nodes,
  slotSharingGroupResources,
}: StreamGraph): Pick<JobGraph, 'slotSharingGroups'> {
  const used = new Set(nodes.map(({ slotSharingGroup }) => slotSharingGroup))
  const slotSharingGroups = [...slotSharingGroupResources]
    .filter(([name]) => used.has(name))
    .map(([name, resources]) => ({ name, resources }))
  return slotSharingGroups.length === 0 ? {} : { slotSharingGroups }
}

/** Chains were found in the order of their heads, but a chain ends as late as its last operator starts. */
function inTopologicalOrder(
  chains: ReadonlyMap<StreamNode, StreamNode[]>,
  heads: ReadonlyMap<StreamNode, StreamNode>,
): [StreamNode, StreamNode[]][] {
  const ordered = new Map<StreamNode, StreamNode[]>()
  const visit = (head: StreamNode) => {
    if (ordered.has(head)) return
    for (const edge of head.inEdges) visit(heads.get(edge.source)!)
    ordered.set(head, chains.get(head)!)
  }
  for (const head of chains.keys()) visit(head)
  return [...ordered]
}

function describe(
  node: StreamNode,
  heads: ReadonlyMap<StreamNode, StreamNode>,
  jobType: JobType,
): OperatorDescriptor {
  const chainedInputs = isHead(node, heads)
    ? []
    : node.inEdges.map((edge) => ({
        operatorId: edge.source.operatorId,
        inputIndex: edge.inputIndex ?? 0,
      }))
  const { source, sink, batchMemoryWeight, states } = node
  return {
    operatorId: node.operatorId,
    name: node.name,
    kind: node.kind,
    code: { kind: 'traced' },
    chainedInputs,
    ...(node.uid !== undefined && { uid: node.uid }),
    ...(jobType === 'BATCH' &&
      batchMemoryWeight > 0 && { managedMemory: { operatorWeight: batchMemoryWeight } }),
    ...(jobType === 'STREAMING' &&
      hasKeyedInput(node) && { managedMemory: { stateBackend: true } }),
    ...(source?.coordinatorReference && { coordinator: source.coordinatorReference }),
    ...(source && { boundedness: source.boundedness }),
    ...(states.length > 0 && { states }),
    ...(sink?.initializeOnMaster && { initializeOnMaster: sink.initializeOnMaster }),
  }
}

/** Whether it may have keyed state. */
function hasKeyedInput({ inEdges }: StreamNode): boolean {
  return inEdges.some(({ partitioning }) => partitioning.type === 'HASH')
}

function edgesBetween(
  graph: StreamGraph,
  heads: ReadonlyMap<StreamNode, StreamNode>,
): StreamEdge[] {
  return graph.nodes.filter((node) => isHead(node, heads)).flatMap((node) => node.inEdges)
}

function jobEdge(
  edge: StreamEdge,
  heads: ReadonlyMap<StreamNode, StreamNode>,
  exchange: (edge: StreamEdge) => ResultPartitionType,
): JobEdge {
  const { source, target, partitioning } = edge
  return {
    id: edgeId(source.operatorId, target.operatorId, edge.index),
    sourceVertexId: vertexId(heads.get(source)!),
    sourceOperatorId: source.operatorId,
    targetVertexId: vertexId(target),
    targetInputIndex: edge.inputIndex ?? 0,
    partitioner: partitioning.type,
    exchange: exchange(edge),
    ...(source.outputType && { type: source.outputType }),
    ...(partitioning.code && { partitionerCode: { kind: 'traced' as const } }),
  }
}

function exchangeOf(graph: StreamGraph): (edge: StreamEdge) => ResultPartitionType {
  const blocking =
    graph.jobType === 'BATCH' &&
    graph.configuration.get(ExecutionOptions.BATCH_SHUFFLE_MODE) === 'ALL_EXCHANGES_BLOCKING'
  return (edge) =>
    blocking && edge.partitioning.type !== 'FORWARD' ? 'blocking' : 'pipelined_bounded'
}

function codeOf(graph: StreamGraph): Pick<RecordedJob, 'code' | 'functions'> {
  const operators = new Map<string, OperatorFactory>()
  const edges = new Map<string, EdgeFunctions>()
  const functions = new Map<string, readonly CallableFunction[]>()
  for (const node of graph.nodes) {
    operators.set(node.operatorId, node.factory)
    if (node.functions.length > 0) functions.set(node.operatorId, node.functions)
    for (const edge of node.inEdges) {
      const id = edgeId(edge.source.operatorId, edge.target.operatorId, edge.index)
      const { code, functions: captured = [] } = edge.partitioning
      if (code !== undefined) edges.set(id, code)
      if (captured.length > 0) functions.set(id, captured)
    }
  }
  return { code: { operators, edges, serializers: graph.serializers }, functions }
}

function isHead(node: StreamNode, heads: ReadonlyMap<StreamNode, StreamNode>): boolean {
  return heads.get(node) === node
}

/** A vertex has the id of its head. */
function vertexId(head: StreamNode): JobVertexId {
  const id: OperatorId = head.operatorId
  return id as string as JobVertexId
}
