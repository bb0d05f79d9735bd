import {
  type Configuration,
  CoreOptions,
  computeDefaultMaxParallelism,
  ExecutionOptions,
  type OperatorId,
  operatorIdOfUid,
  PipelineOptions,
  type SerializerRegistry,
  UPPER_BOUND_MAX_PARALLELISM,
} from '@flink-ts/core'
import {
  type JobType,
  type SlotSharingGroupResources,
  sinkOperatorFactory,
  sourceOperatorFactory,
} from '@flink-ts/runtime/program'
import { InvalidProgramError } from '../functions/errors.js'
import { WatermarkingOutput } from '../operators/watermarks/watermarking-output.js'
import { operatorIdOfPosition } from './operator-ids.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'
import type {
  ConnectorEnvironment,
  OperatorTransformation,
  Partitioning,
  Transformation,
} from './transformation.js'

const DEFAULT_SLOT_SHARING_GROUP = 'default'

/** What a graph is made of. */
export interface StreamGraphInput {
  /** The operators and sinks that the program recorded, in order. Sources are found from them. */
  readonly transformations: readonly OperatorTransformation[]
  /** Settings of the program over those of the client. */
  readonly configuration: Configuration
  readonly jobName: string
  readonly environment: ConnectorEnvironment
  /** Of the program's own classes. */
  readonly serializers: SerializerRegistry
  /** By the name of the slot sharing group. */
  readonly slotSharingGroupResources: ReadonlyMap<string, SlotSharingGroupResources>
}

/**
 * Turns what a program recorded into operators and edges.
 *
 * @throws InvalidProgramError (`FLINK_INVALID_PROGRAM`) naming the operator at fault
 */
export function generateStreamGraph(input: StreamGraphInput): StreamGraph {
  const { configuration, jobName } = input
  if (input.transformations.length === 0) {
    throw new InvalidProgramError('No operators defined in streaming topology. Cannot execute.')
  }
  const transformations = withUpstream(input.transformations)
  const ids = assignOperatorIds(transformations, configuration)
  const nodes = new Map<OperatorTransformation, StreamNode>()
  for (const transformation of transformations) {
    nodes.set(transformation, createNode(transformation, ids.get(transformation)!, nodes, input))
  }
  checkCoLocation([...nodes.values()])
  return {
    jobName,
    jobType: decideJobType(transformations, configuration),
    nodes: [...nodes.values()],
    slotSharingGroupResources: input.slotSharingGroupResources,
    chaining: configuration.get(PipelineOptions.OPERATOR_CHAINING),
    configuration,
    serializers: input.serializers,
  }
}

/** Each after those that feed it. */
function withUpstream(recorded: readonly OperatorTransformation[]): OperatorTransformation[] {
  const ordered = new Set<OperatorTransformation>()
  const visit = (transformation: OperatorTransformation) => {
    if (ordered.has(transformation)) return
    for (const link of upstreamOf(transformation)) visit(link.transformation)
    ordered.add(transformation)
  }
  recorded.forEach(visit)
  return [...ordered]
}

function decideJobType(
  transformations: readonly OperatorTransformation[],
  configuration: Configuration,
): JobType {
  const mode = configuration.get(ExecutionOptions.RUNTIME_MODE)
  const unbounded = transformations.find(
    (t) => t.kind === 'source' && t.boundedness === 'CONTINUOUS_UNBOUNDED',
  )
  if (mode === 'AUTOMATIC') return unbounded === undefined ? 'BATCH' : 'STREAMING'
  if (mode === 'BATCH' && unbounded !== undefined) {
    throw new InvalidProgramError(
      `Cannot execute in BATCH mode: source '${unbounded.name}' never ends; use a bounded source, or ` +
        `set ${ExecutionOptions.RUNTIME_MODE.key} to STREAMING or AUTOMATIC`,
    )
  }
  return mode
}

function assignOperatorIds(
  transformations: readonly OperatorTransformation[],
  configuration: Configuration,
): Map<OperatorTransformation, OperatorId> {
  const ids = new Map<OperatorTransformation, OperatorId>()
  const byUid = new Map<string, OperatorTransformation>()
  for (const transformation of transformations) {
    const { uid, name } = transformation
    if (uid !== undefined) {
      const other = byUid.get(uid)
      if (other !== undefined) {
        throw new InvalidProgramError(
          `Two operators have the uid '${uid}': '${other.name}' and '${name}'; a uid names one ` +
            'operator of a job and its state',
        )
      }
      byUid.set(uid, transformation)
      ids.set(transformation, operatorIdOfUid(uid))
      continue
    }
    if (!configuration.get(PipelineOptions.AUTO_GENERATE_UIDS)) {
      throw new InvalidProgramError(
        `Operator '${name}' has no uid, and ${PipelineOptions.AUTO_GENERATE_UIDS.key} is false; ` +
          "give it one with .uid('…')",
      )
    }
    const inputs = upstreamOf(transformation).map((link) => ids.get(link.transformation)!)
    ids.set(transformation, operatorIdOfPosition(ids.size, inputs))
  }
  return ids
}

function createNode(
  transformation: OperatorTransformation,
  operatorId: OperatorId,
  nodes: ReadonlyMap<OperatorTransformation, StreamNode>,
  input: StreamGraphInput,
): StreamNode {
  const links = upstreamOf(transformation)
  const node: StreamNode = {
    id: transformation.id,
    operatorId,
    uid: transformation.uid,
    ...parallelismOf(transformation, input.configuration),
    slotSharingGroup: slotSharingGroupOf(
      transformation,
      links.map((l) => nodes.get(l.transformation)!),
    ),
    coLocationGroupKey: transformation.coLocationGroupKey,
    chainingStrategy: transformation.chainingStrategy,
    outputType: transformation.outputType,
    ...codeOf(transformation, input.environment),
    batchMemoryWeight:
      transformation.kind === 'operator' ? (transformation.batchMemoryWeight ?? 0) : 0,
    ...(transformation.kind === 'operator' &&
      transformation.combiner && { combiner: transformation.combiner }),
    inEdges: [],
    outEdges: [],
  }
  for (const link of links) connect(nodes.get(link.transformation)!, node, link)
  return node
}

function codeOf(transformation: OperatorTransformation, environment: ConnectorEnvironment) {
  const { name } = transformation
  switch (transformation.kind) {
    case 'source': {
      const source = transformation.createSource(environment)
      const { watermarkStrategy } = transformation
      const assigner = watermarkStrategy?.timestampAssigner
      return {
        kind: 'source' as const,
        name: `Source: ${name}`,
        source,
        factory: sourceOperatorFactory({
          source,
          ...(watermarkStrategy !== undefined && {
            decorateOutput: (context) => new WatermarkingOutput(watermarkStrategy, context),
          }),
        }),
        fingerprint: `${transformation.fingerprint} ${transformation.boundedness}`,
        functions: assigner === undefined ? [] : [assigner],
        states: [],
      }
    }
    case 'operator':
    case 'twoInput':
      return {
        kind: 'operator' as const,
        name,
        factory: transformation.createFactory(name),
        fingerprint: transformation.operation,
        functions: transformation.functions,
        states: transformation.states ?? [],
      }
    case 'sink': {
      const sink = transformation.createSink(environment)
      return {
        kind: 'sink' as const,
        name: `Sink: ${name}`,
        sink,
        factory: sinkOperatorFactory(sink),
        fingerprint: transformation.fingerprint,
        functions: [],
        states: [],
      }
    }
  }
}

function parallelismOf(transformation: OperatorTransformation, configuration: Configuration) {
  const { name, onlyParallelismOne } = transformation
  const single = onlyParallelismOne !== undefined
  const parallelism =
    transformation.parallelism ?? (single ? 1 : configuration.get(CoreOptions.DEFAULT_PARALLELISM))
  if (single && parallelism !== 1) {
    throw new InvalidProgramError(
      `Cannot run operator '${name}' with parallelism ${parallelism}: it must be 1 because ${onlyParallelismOne}`,
    )
  }
  const configured = configuration.get(PipelineOptions.MAX_PARALLELISM)
  const maxParallelism =
    transformation.maxParallelism ??
    (configured > 0 ? configured : computeDefaultMaxParallelism(parallelism))
  if (parallelism > maxParallelism) {
    throw new InvalidProgramError(
      `Cannot run operator '${name}' with parallelism ${parallelism}: its max parallelism is ` +
        `${maxParallelism}, from 1 to ${UPPER_BOUND_MAX_PARALLELISM} are possible`,
    )
  }
  return { parallelism, maxParallelism }
}

/** Explicit, else that of the inputs if they agree, else the default. */
function slotSharingGroupOf(
  transformation: OperatorTransformation,
  inputs: readonly StreamNode[],
): string {
  if (transformation.slotSharingGroup !== undefined) return transformation.slotSharingGroup
  const groups = new Set(inputs.map((input) => input.slotSharingGroup))
  const [group] = groups
  return groups.size === 1 ? group! : DEFAULT_SLOT_SHARING_GROUP
}

function checkCoLocation(nodes: readonly StreamNode[]): void {
  const first = new Map<string, StreamNode>()
  for (const node of nodes) {
    const { coLocationGroupKey: key, name, slotSharingGroup } = node
    if (key === undefined) continue
    const other = first.get(key) ?? node
    first.set(key, other)
    if (other.slotSharingGroup === slotSharingGroup) continue
    throw new InvalidProgramError(
      `Cannot co-locate operators '${other.name}' and '${name}' ('${key}'): their subtasks are to share slots, but ` +
        `their slot sharing groups are '${other.slotSharingGroup}' and '${slotSharingGroup}'`,
    )
  }
}

function connect(source: StreamNode, target: StreamNode, link: UpstreamLink): void {
  const { partitioning: declared, inputIndex } = link
  const equal = source.parallelism === target.parallelism
  if (declared?.type === 'FORWARD' && !equal) {
    throw new InvalidProgramError(
      `Cannot forward from '${source.name}' (parallelism ${source.parallelism}) to '${target.name}' ` +
        `(parallelism ${target.parallelism}): forward needs equal parallelism; use rebalance, rescale, ` +
        'shuffle, broadcast or global, or set the parallelism of one of them',
    )
  }
  const edge: StreamEdge = {
    source,
    target,
    index: target.inEdges.filter((e) => e.source === source).length,
    partitioning: declared ?? { type: equal ? 'FORWARD' : 'REBALANCE' },
    declared: declared !== undefined,
    ...(inputIndex === 1 && { inputIndex }),
  }
  source.outEdges.push(edge)
  target.inEdges.push(edge)
}

interface UpstreamLink {
  readonly transformation: OperatorTransformation
  readonly partitioning: Partitioning | undefined
  /** Of the operator that it feeds, if it has two and this is the second. */
  readonly inputIndex?: 1
}

/** The operators that feed this one, through unions and partitionings; the last partitioning counts. */
function upstreamOf(transformation: OperatorTransformation): UpstreamLink[] {
  switch (transformation.kind) {
    case 'source':
      return []
    case 'twoInput': {
      const [first, second] = transformation.inputs
      const links = resolve(second, undefined).map((link) => ({ ...link, inputIndex: 1 as const }))
      return [...resolve(first, undefined), ...links]
    }
    case 'operator':
    case 'sink':
      return resolve(transformation.input, undefined)
  }
}

function resolve(input: Transformation, partitioning: Partitioning | undefined): UpstreamLink[] {
  switch (input.kind) {
    case 'partition':
      return resolve(input.input, partitioning ?? input.partitioning)
    case 'union':
      return input.inputs.flatMap((each) => resolve(each, partitioning))
    case 'source':
    case 'operator':
    case 'twoInput':
    case 'sink':
      return [{ transformation: input, partitioning }]
  }
}
