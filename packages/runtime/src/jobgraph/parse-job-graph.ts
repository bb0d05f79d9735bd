import { UPPER_BOUND_MAX_PARALLELISM } from '@flink-ts/core'
import { InvalidJobGraphError } from './invalid-job-graph-error.js'
import { JOB_GRAPH_FORMAT_VERSION, type JobGraph } from './job-graph.js'
import {
  anything,
  fail,
  integer,
  list,
  matching,
  nonEmptyString,
  number,
  object,
  oneOf,
  optional,
  positive,
  record,
  type Shape,
  string,
} from './shape.js'

const hexId = matching(/^[0-9a-f]{32}$/, '32 lower-case hex digits')
const moduleFields = { module: nonEmptyString, exportName: nonEmptyString, config: anything }
const moduleReference = object(moduleFields)

const codeReference: Shape = (value, path) => {
  object({ kind: oneOf('traced', 'module') })(value, path)
  if ((value as { kind: string }).kind === 'module') moduleReference(value, path)
}

const trueOrFalse: Shape = (value, path) => {
  if (typeof value !== 'boolean') fail(path, `expected true or false, found ${typeof value}`)
}

const operator = object({
  operatorId: hexId,
  name: string,
  uid: optional(string),
  kind: oneOf('source', 'operator', 'sink'),
  code: codeReference,
  chainedInputs: list(object({ operatorId: hexId, inputIndex: integer(0, 1) })),
  coordinator: optional(moduleReference),
  initializeOnMaster: optional(moduleReference),
  boundedness: optional(oneOf('BOUNDED', 'CONTINUOUS_UNBOUNDED')),
  managedMemory: optional(
    object({ operatorWeight: optional(integer(1)), stateBackend: optional(trueOrFalse) }),
  ),
  states: optional(list((value, path) => declaredState(value, path))),
})

const stateType: Shape = (value, path) => {
  if (value !== 'dynamic') typeDescription(1)(value, path)
}

const declaredState = object({
  name: string,
  kind: string,
  type: stateType,
  mapKeyType: optional(stateType),
  defaultedFields: optional(list(string)),
})

const vertex = object({
  id: hexId,
  name: string,
  parallelism: integer(1, UPPER_BOUND_MAX_PARALLELISM),
  maxParallelism: integer(1, UPPER_BOUND_MAX_PARALLELISM),
  operators: list(operator),
  slotSharingGroup: nonEmptyString,
  coLocationGroup: optional(nonEmptyString),
})

const slotSharingGroup = object({
  name: nonEmptyString,
  resources: object({
    cpuCores: positive,
    taskHeapBytes: integer(1),
    taskOffHeapBytes: integer(0),
    managedBytes: integer(0),
    extendedResources: record(positive),
  }),
})

/** Types in each other, at most: code is generated for them. */
const MAX_TYPE_DEPTH = 64

const typeDescription =
  (depth: number): Shape =>
  (value, path) => {
    if (depth > MAX_TYPE_DEPTH)
      fail(path, `types lie in each other at most ${MAX_TYPE_DEPTH} times`)
    const inner: Shape = (part, at) => typeDescription(depth + 1)(part, at)
    object({ kind: string })(value, path)
    const { kind } = value as { kind: string }
    const parts = partsOfTypes(inner)[kind]
    if (parts === undefined) fail(`${path}.kind`, `there is no type '${kind}'`)
    object(parts)(value, path)
  }

const enumValue: Shape = (value, path) => (typeof value === 'number' ? number : string)(value, path)

function partsOfTypes(type: Shape): Record<string, Record<string, Shape>> {
  return {
    __proto__: null as never,
    string: {},
    int: {},
    long: {},
    double: {},
    boolean: {},
    date: {},
    bytes: {},
    tuple: { elements: list(type) },
    object: { fields: list(object({ name: string, type })) },
    list: { element: type },
    map: { key: type, value: type },
    optional: { type },
    union: { types: list(type) },
    enum: { values: list(enumValue) },
  }
}

const edge = object({
  id: hexId,
  sourceVertexId: hexId,
  sourceOperatorId: hexId,
  targetVertexId: hexId,
  targetInputIndex: integer(0, 1),
  partitioner: oneOf(
    'FORWARD',
    'REBALANCE',
    'RESCALE',
    'SHUFFLE',
    'BROADCAST',
    'GLOBAL',
    'HASH',
    'CUSTOM',
  ),
  exchange: oneOf('pipelined_bounded', 'pipelined', 'blocking'),
  partitionerCode: optional(codeReference),
  type: optional(typeDescription(1)),
})

const program = object({
  bundleKey: optional(nonEmptyString),
  programName: string,
  entryPoint: optional(nonEmptyString),
  args: list(string),
  environment: record(string),
  clientVersion: nonEmptyString,
  nodeMajor: integer(1),
  submissionTimeMs: number,
  randomSeed: number,
  executeIndex: integer(0),
  earlierResults: list(anything),
  submissionValues: record(anything),
  structure: list(string),
  captures: record(list(object({ location: string, variables: record(string) }))),
})

const jobGraph = object({
  jobId: hexId,
  name: string,
  jobType: oneOf('STREAMING', 'BATCH'),
  vertices: list(vertex),
  edges: list(edge),
  slotSharingGroups: optional(list(slotSharingGroup)),
  resourceRequirements: optional(
    record(object({ lowerBound: integer(1), upperBound: integer(1) })),
  ),
  configuration: record(string),
  program: optional(program),
})

/**
 * Reads a JobGraph from JSON.
 *
 * @throws InvalidJobGraphError naming the field that is not as it should be
 */
export function parseJobGraph(json: string | Uint8Array): JobGraph {
  let value: unknown
  try {
    value = JSON.parse(typeof json === 'string' ? json : Buffer.from(json).toString('utf8'))
  } catch (cause) {
    throw new InvalidJobGraphError('', `it is not JSON (${(cause as Error).message})`, cause)
  }
  // The version first: another one may have any form.
  object({})(value, '')
  const { formatVersion } = value as { formatVersion?: unknown }
  if (formatVersion !== JOB_GRAPH_FORMAT_VERSION) {
    fail(
      'formatVersion',
      `this cluster reads version ${JOB_GRAPH_FORMAT_VERSION}, not ${JSON.stringify(formatVersion) ?? 'none'}; use a client of the cluster's own version`,
    )
  }
  jobGraph(value, '')
  checkGraph(value as JobGraph)
  return value as JobGraph
}

/** Each is an object on the JobManager: more would let one request fill its memory. */
const SUBTASKS_MAX = 1_000_000

function checkGraph({ vertices, edges, slotSharingGroups = [] }: JobGraph): void {
  if (vertices.length === 0) fail('vertices', 'a job has at least one vertex')
  const subtasks = vertices.reduce((sum, vertex) => sum + vertex.parallelism, 0)
  if (subtasks > SUBTASKS_MAX) {
    fail('vertices', `${subtasks} subtasks are more than the ${SUBTASKS_MAX} that a job may have`)
  }
  const places = new Map<string, number>()
  const vertexOfOperator = new Map<string, string>()
  vertices.forEach(({ id, operators, parallelism, maxParallelism }, i) => {
    const path = `vertices[${i}]`
    if (places.has(id)) fail(`${path}.id`, `${id} is the id of an earlier vertex`)
    places.set(id, i)
    if (parallelism > maxParallelism) {
      fail(`${path}.parallelism`, `${parallelism} is more than maxParallelism ${maxParallelism}`)
    }
    if (operators.length === 0) fail(`${path}.operators`, 'a vertex has at least one operator')
    const chain = new Set<string>()
    operators.forEach(({ operatorId, chainedInputs }, j) => {
      const operatorPath = `${path}.operators[${j}]`
      if (vertexOfOperator.has(operatorId)) {
        fail(`${operatorPath}.operatorId`, `${operatorId} is the id of an earlier operator`)
      }
      if (j > 0 && chainedInputs.length === 0) {
        fail(`${operatorPath}.chainedInputs`, 'only the head of a chain has no chained input')
      }
      for (const input of chainedInputs) {
        if (!chain.has(input.operatorId)) {
          fail(`${operatorPath}.chainedInputs`, `${input.operatorId} is not earlier in the chain`)
        }
      }
      chain.add(operatorId)
      vertexOfOperator.set(operatorId, id)
    })
  })
  const edgeIds = new Set<string>()
  edges.forEach((edge, i) => {
    const path = `edges[${i}]`
    if (edgeIds.has(edge.id)) fail(`${path}.id`, `${edge.id} is the id of an earlier edge`)
    edgeIds.add(edge.id)
    const source = places.get(edge.sourceVertexId)
    const target = places.get(edge.targetVertexId)
    if (source === undefined) fail(`${path}.sourceVertexId`, 'there is no such vertex')
    if (target === undefined) fail(`${path}.targetVertexId`, 'there is no such vertex')
    if (source >= target) {
      fail(path, 'vertices stand in topological order: a producer before its consumers')
    }
    if (vertexOfOperator.get(edge.sourceOperatorId) !== edge.sourceVertexId) {
      fail(`${path}.sourceOperatorId`, 'the source vertex has no such operator')
    }
    const producers = vertices[source]!.parallelism
    const consumers = vertices[target]!.parallelism
    if (edge.partitioner === 'FORWARD' && producers !== consumers) {
      fail(
        `${path}.partitioner`,
        `FORWARD joins equal parallelism, not ${producers} and ${consumers}`,
      )
    }
  })
  checkSlotSharing(vertices, slotSharingGroups)
}

function checkSlotSharing(
  vertices: JobGraph['vertices'],
  described: NonNullable<JobGraph['slotSharingGroups']>,
): void {
  const used = new Set(vertices.map(({ slotSharingGroup }) => slotSharingGroup))
  const names = new Set<string>()
  described.forEach(({ name }, i) => {
    const path = `slotSharingGroups[${i}].name`
    if (names.has(name)) fail(path, `'${name}' is the name of an earlier slot sharing group`)
    if (!used.has(name)) fail(path, `no vertex is in a slot sharing group '${name}'`)
    names.add(name)
  })
  const groupOf = new Map<string, string>()
  vertices.forEach(({ coLocationGroup, slotSharingGroup }, i) => {
    if (coLocationGroup === undefined) return
    const other = groupOf.get(coLocationGroup) ?? slotSharingGroup
    groupOf.set(coLocationGroup, other)
    if (other === slotSharingGroup) return
    fail(
      `vertices[${i}].coLocationGroup`,
      `vertices of '${coLocationGroup}' share slots, but are in slot sharing groups '${other}' and '${slotSharingGroup}'`,
    )
  })
}
