import type { OpenStateHandle, OperatorState, StateHandle } from '@flink-ts/state'
import type { JobGraph } from '../jobgraph/job-graph.js'
import { edgeName } from '../taskmanager/checkpoint/in-flight-capture.js'
import { readInFlightHead } from '../taskmanager/checkpoint/in-flight-file.js'
import { RestoreRefusedError } from './restore-errors.js'

/** What was in flight on one edge that the job does not have. */
interface VanishedEdge {
  readonly from: string
  readonly to: string
  bytes: number
}

/**
 * Judges whether the job has all edges on which records were in flight at an unaligned checkpoint; those of others would be lost.
 *
 * @param onUnreadable told of a file that cannot be read
 * @throws RestoreRefusedError naming operators and edges
 */
export async function checkInFlight(
  operators: readonly OperatorState[],
  graph: JobGraph,
  options: {
    readonly path: string
    readonly open: OpenStateHandle
    readonly onUnreadable: (error: unknown) => void
  },
): Promise<void> {
  const handles = operators.flatMap(({ subtasks }) =>
    [...subtasks.values()].flatMap(({ inFlight }) => inFlight ?? []),
  )
  if (handles.length === 0) return
  const edges = new Set(graph.edges.map(edgeName))
  const nameOf = (id: string) => {
    const known = operators.find(({ operatorId }) => operatorId === id)
    return known === undefined ? id : `'${known.operatorName}'`
  }
  const vanished = new Map<string, VanishedEdge>()
  for (const handle of handles) {
    for (const [edge, bytes] of await bytesByEdge(handle, options)) {
      if (edges.has(edge) || bytes === 0) continue
      const [from = '', to = ''] = edge.split(/[>/]/)
      const known = vanished.get(edge) ?? { from: nameOf(from), to: nameOf(to), bytes: 0 }
      known.bytes += bytes
      vanished.set(edge, known)
    }
  }
  if (vanished.size === 0) return
  const list = [...vanished.values()].map(
    ({ from, to, bytes }) => `from operator ${from} to ${to} (${bytes} bytes)`,
  )
  throw new RestoreRefusedError(
    options.path,
    `it is unaligned, and has records that were on their way on edges which the job does not have: ${list.join(', ')}. ` +
      'Change the program from a savepoint, which has none on their way; or leave them out: flink run -n, ' +
      'execution.state-recovery.ignore-unclaimed-state',
  )
}

async function bytesByEdge(
  handle: StateHandle,
  {
    open,
    onUnreadable,
  }: { readonly open: OpenStateHandle; readonly onUnreadable: (error: unknown) => void },
): Promise<Map<string, number>> {
  const bytes = new Map<string, number>()
  try {
    const source = await open(handle)
    try {
      for (const { edge, sizeBytes } of await readInFlightHead(source)) {
        bytes.set(edge, (bytes.get(edge) ?? 0) + sizeBytes)
      }
    } finally {
      await source.close()
    }
  } catch (error) {
    onUnreadable(error)
  }
  return bytes
}
