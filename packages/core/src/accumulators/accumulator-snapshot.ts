import { DynamicSerializer } from '../serialization/dynamic-serializer.js'
import { InputBuffer } from '../serialization/input-buffer.js'
import { OutputBuffer } from '../serialization/output-buffer.js'
import type { PortableAccumulator } from './accumulator.js'
import { AccumulatorError } from './accumulator-error.js'
import { createAccumulator } from './accumulator-types.js'

/**
 * So many bytes may the accumulators of one task have gathered together: they go along with heartbeats and with the
 * pictures of the job, which have to stay small.
 */
export const MAX_ACCUMULATOR_BYTES = 128 * 1024
/** So many those of all subtasks of a job: its result is one message. */
const MAX_MERGED_BYTES = 4 * 1024 * 1024
const FIRST_BYTES = 256

/** What an accumulator has gathered, in a form that crosses threads, RPC and REST. */
export interface AccumulatorSnapshot {
  readonly name: string
  /** Its kind, such as `IntCounter`. */
  readonly type: string
  /** Base64 of its state as the `DynamicSerializer` writes it; empty if it failed. */
  readonly value: string
  /** Why there is no value; empty: there is one. */
  readonly failure: string
}

/** Never throws: what cannot be serialized is told as the snapshot's failure. */
export function snapshotAccumulator(
  name: string,
  accumulator: PortableAccumulator<never, unknown>,
  maxBytes: number = MAX_ACCUMULATOR_BYTES,
): AccumulatorSnapshot {
  const type = accumulator.typeName
  try {
    return { name, type, value: encode(accumulator.toState(), maxBytes), failure: '' }
  } catch (error) {
    return { name, type, value: '', failure: reason(error) }
  }
}

/**
 * One snapshot per name, in the order of the first of each: what subtasks have gathered under the same name is merged.
 * A failure of one is the failure of the name. Never throws.
 */
export function mergeAccumulators(snapshots: Iterable<AccumulatorSnapshot>): AccumulatorSnapshot[] {
  const byName = new Map<string, AccumulatorSnapshot[]>()
  for (const snapshot of snapshots) {
    const of = byName.get(snapshot.name)
    if (of === undefined) byName.set(snapshot.name, [snapshot])
    else of.push(snapshot)
  }
  let bytesLeft = MAX_MERGED_BYTES
  return [...byName].map(([name, of]) => {
    const merged = of.length === 1 ? of[0]! : mergeOf(name, of, bytesLeft)
    bytesLeft -= merged.value.length
    return merged
  })
}

/**
 * What was gathered.
 *
 * @throws AccumulatorError if that failed or the snapshot is broken
 */
export function accumulatorValue(snapshot: AccumulatorSnapshot): unknown {
  const { name, failure } = snapshot
  if (failure !== '') {
    throw new AccumulatorError(`Accumulator '${name}' has no result: ${failure}`, { name })
  }
  try {
    return restored(snapshot).getLocalValue()
  } catch (cause) {
    throw new AccumulatorError(`Accumulator '${name}' has no result: ${reason(cause)}`, {
      name,
      cause,
    })
  }
}

function mergeOf(
  name: string,
  snapshots: readonly AccumulatorSnapshot[],
  maxBytes: number,
): AccumulatorSnapshot {
  const { type } = snapshots[0]!
  const failed = (failure: string) => ({ name, type, value: '', failure })
  const failure = snapshots.find((snapshot) => snapshot.failure !== '')
  if (failure !== undefined) return failed(failure.failure)
  const other = snapshots.find((snapshot) => snapshot.type !== type)
  if (other !== undefined) {
    return failed(`it is a ${type} in one subtask and a ${other.type} in another`)
  }
  try {
    const merged = restored(snapshots[0]!)
    for (const snapshot of snapshots.slice(1)) merged.mergeState(decode(snapshot.value))
    return snapshotAccumulator(name, merged, Math.max(0, maxBytes))
  } catch (error) {
    return failed(reason(error))
  }
}

function restored({ type, value }: AccumulatorSnapshot): PortableAccumulator<never, unknown> {
  const accumulator = createAccumulator(type)
  if (accumulator === undefined) throw new AccumulatorError(`there is no accumulator ${type}`)
  accumulator.mergeState(decode(value))
  return accumulator
}

function encode(state: unknown, maxBytes: number): string {
  for (let size = Math.min(FIRST_BYTES, maxBytes); ; size = Math.min(size * 4, maxBytes)) {
    const target = OutputBuffer.allocate(size)
    if (new DynamicSerializer().createEncoder().tryEncode(state, target)) {
      return target.written().toString('base64')
    }
    if (size >= maxBytes) {
      throw new AccumulatorError(
        `it has gathered more than the ${maxBytes} bytes that are left for it`,
      )
    }
  }
}

function decode(value: string): unknown {
  const bytes = Buffer.from(value, 'base64')
  return new DynamicSerializer().createDecoder().decode(new InputBuffer().wrap(bytes))
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
