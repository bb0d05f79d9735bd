import { crc32 } from 'node:zlib'
import type { FileSystems } from '@flink-ts/core'
import { type CopiedSlot, mergeInFlight } from '@flink-ts/network'
import { openStateHandle, SnapshotCorruptError, type StateHandle } from '@flink-ts/state'
import type { JobEdge } from '../../jobgraph/job-graph.js'
import { NO_RECORD, type StoredElementFilter } from '../input/input-processor.js'
import type { TaskParts } from '../stream-task-options.js'
import type { TaskInput } from '../task-io.js'
import { edgeName, type TaskEdges } from './in-flight-capture.js'
import { decodeInFlight, type InFlightChannel } from './in-flight-file.js'

/** What a task has to process before anything else, of one gate. */
export interface StoredGate {
  readonly gate: number
  readonly input: TaskInput
  readonly accepts: StoredElementFilter
}

/**
 * Reads what was in flight to a task at the checkpoint that it is restored from, stored by itself and by those that send to it.
 *
 * @param handles of both, of all subtasks whose channels may be this task's now
 * @throws SnapshotCorruptError
 */
export async function restoreInFlight(
  handles: readonly StateHandle[],
  parts: TaskParts,
  edges: TaskEdges,
  fileSystems: FileSystems,
): Promise<StoredGate[]> {
  if (handles.length === 0) return []
  const stored: InFlightChannel[] = []
  for (const handle of handles) stored.push(...(await readFile(handle, fileSystems)))
  return edges.inputs.flatMap((edge, gate) => storedGate(edge, gate, stored, parts, edges))
}

function storedGate(
  edge: JobEdge,
  gate: number,
  stored: readonly InFlightChannel[],
  { storedInput, ownsRecord }: TaskParts,
  { subtaskIndex, parallelism }: TaskEdges,
): StoredGate[] {
  const name = edgeName(edge)
  const isHash = edge.partitioner === 'HASH'
  const captured = stored.filter((channel) => {
    if (channel.edge !== name || channel.side !== 'captured') return false
    if (channel.consumers === parallelism) return channel.consumer === subtaskIndex
    // By keys each record finds its subtask; other channels go as a whole.
    return isHash || channel.consumer % parallelism === subtaskIndex
  })
  const channels = captured.map((channel): readonly CopiedSlot[] => {
    const produced = stored.find(
      ({ edge, side, producer, consumer }) =>
        edge === name &&
        side === 'produced' &&
        producer === channel.producer &&
        consumer === channel.consumer,
    )
    return mergeInFlight(channel, produced?.slots ?? [])
  })
  if (channels.every((slots) => slots.length === 0)) return []
  const left = captured.map(({ skip }) => skip)
  const owns = isHash ? ownsRecord!(gate) : () => true
  const accepts: StoredElementFilter = (channel, value) => {
    if (left[channel]! > 0) {
      left[channel]!--
      return false
    }
    return value !== NO_RECORD && owns(value)
  }
  return [{ gate, input: storedInput!(gate, channels), accepts }]
}

async function readFile(handle: StateHandle, fileSystems: FileSystems): Promise<InFlightChannel[]> {
  const source = await openStateHandle(fileSystems, handle)
  try {
    const bytes = Buffer.alloc(handle.sizeBytes)
    for (let at = 0; at < bytes.length; ) {
      const count = await source.read(bytes.subarray(at), at)
      if (count === 0) break
      at += count
    }
    if (crc32(bytes) !== handle.checksum) {
      const found = 'its checksum is not that of the checkpoint'
      throw new SnapshotCorruptError({ path: source.path, position: 0, found })
    }
    return decodeInFlight(bytes, source.path)
  } finally {
    await source.close()
  }
}
