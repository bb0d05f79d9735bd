import { keyGroupRangeForOperator } from '@flink-ts/core'
import { type CopiedSlot, mergeInFlight } from '@flink-ts/network'
import type { OpenStateHandle, StateHandle } from '@flink-ts/state'
import type { JobEdge } from '../../jobgraph/job-graph.js'
import { NO_RECORD, type StoredElementFilter } from '../input/input-processor.js'
import type { TaskParts } from '../stream-task-options.js'
import type { TaskInput } from '../task-io.js'
import { edgeName, type TaskEdges } from './in-flight-capture.js'
import {
  checkWhole,
  type InFlightChannel,
  type InFlightFacts,
  readInFlightHead,
  readInFlightSlots,
  type StoredInFlightChannel,
} from './in-flight-file.js'

/** Files that are read at a time. */
const FILES_AT_ONCE = 8

/** What a task has to process before anything else, of one gate. */
export interface StoredGate {
  readonly gate: number
  readonly input: TaskInput
  readonly accepts: StoredElementFilter
}

/**
 * Reads what was in flight to a task at the checkpoint that it is restored from, stored by itself and by those that send to it: of
 * each file its head and the channels that are this task's now.
 *
 * @param handles of both, of all subtasks whose channels may be this task's now
 * @throws SnapshotCorruptError
 */
export async function restoreInFlight(
  handles: readonly StateHandle[],
  parts: TaskParts,
  edges: TaskEdges,
  open: OpenStateHandle,
): Promise<StoredGate[]> {
  if (handles.length === 0) return []
  const heads = await forFew(handles, (handle) => withSource(handle, open, readInFlightHead))
  const wanted = wantedChannels(heads.flat(), edges)
  const produced = new Map<string, readonly CopiedSlot[]>()
  const captured: InFlightChannel[] = []
  await forFew([...handles.entries()], async ([file, handle]) => {
    const channels = heads[file]!.filter((channel) => wanted.has(channelKey(channel)))
    const isOfGate = (channel: InFlightFacts) =>
      channel.side === 'produced' || isAccepted(channel, edges)
    const own = channels.filter(isOfGate)
    if (own.length === 0) return
    await withSource(handle, open, async (source) => {
      // Of a file of the first version nothing is known of its parts.
      if (own.some(({ crc }) => crc === undefined)) await checkWhole(source, handle.checksum)
      for (const channel of own) {
        const slots = await readInFlightSlots(source, channel)
        if (channel.side === 'produced') produced.set(channelKey(channel), slots)
        else captured.push({ ...channel, slots })
      }
    })
  })
  return edges.inputs.flatMap((edge, gate) => {
    const name = edgeName(edge)
    const ofGate = captured.filter((channel) => channel.edge === name)
    ofGate.sort((a, b) => a.consumer - b.consumer || a.producer - b.producer)
    return storedGate({ edge, gate, captured: ofGate }, produced, parts)
  })
}

/** Keys of the channels whose data the task has to process. */
function wantedChannels(
  channels: readonly StoredInFlightChannel[],
  edges: TaskEdges,
): ReadonlySet<string> {
  const captured = channels.filter((channel) => isAccepted(channel, edges))
  return new Set(captured.map(channelKey))
}

/** Whether the receiving end of a channel was of this task, or may have had what is this task's now. */
function isAccepted(
  { edge, side, consumer, consumers, maxParallelism }: InFlightFacts,
  { inputs, subtaskIndex, parallelism, maxParallelism: ownMaxParallelism }: TaskEdges,
): boolean {
  if (side !== 'captured') return false
  const input = inputs.find((each) => edgeName(each) === edge)
  if (input === undefined) return false
  if (consumers === parallelism) return consumer === subtaskIndex
  // By keys each record finds its subtask; other channels go as a whole.
  if (input.partitioner !== 'HASH') return consumer % parallelism === subtaskIndex
  if (maxParallelism !== ownMaxParallelism) return true
  const had = keyGroupRangeForOperator(maxParallelism, consumers, consumer)
  const has = keyGroupRangeForOperator(maxParallelism, parallelism, subtaskIndex)
  return had.start <= has.end && has.start <= had.end
}

function storedGate(
  { edge, gate, captured }: { edge: JobEdge; gate: number; captured: readonly InFlightChannel[] },
  produced: ReadonlyMap<string, readonly CopiedSlot[]>,
  { storedInput, ownsRecord }: TaskParts,
): StoredGate[] {
  const channels = captured.map((channel) =>
    mergeInFlight(channel, produced.get(channelKey(channel)) ?? []),
  )
  if (channels.every((slots) => slots.length === 0)) return []
  const left = captured.map(({ skip }) => skip)
  const owns = edge.partitioner === 'HASH' ? ownsRecord!(gate) : () => true
  const accepts: StoredElementFilter = (channel, value) => {
    if (left[channel]! > 0) {
      left[channel]!--
      return false
    }
    return value !== NO_RECORD && owns(value)
  }
  return [{ gate, input: storedInput!(gate, channels), accepts }]
}

/** The same for both ends of a channel. */
function channelKey({ edge, producer, consumer }: InFlightFacts): string {
  return `${producer} ${consumer} ${edge}`
}

async function withSource<T>(
  handle: StateHandle,
  open: OpenStateHandle,
  read: (source: Awaited<ReturnType<OpenStateHandle>>) => Promise<T>,
): Promise<T> {
  const source = await open(handle)
  try {
    return await read(source)
  } finally {
    await source.close()
  }
}

/** The answers of all, asked a few at a time. */
async function forFew<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = []
  for (let from = 0; from < items.length; from += FILES_AT_ONCE) {
    answers.push(...(await Promise.all(items.slice(from, from + FILES_AT_ONCE).map(ask))))
  }
  return answers
}
