import { crc32 } from 'node:zlib'
import { keyGroupRangeForOperator, Types } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  assignKeyGroups,
  HeapKeyedStateBackend,
  type KeyedStateHandle,
  type KeyedTimer,
  type TimerStateSource,
} from '@flink-ts/state'
import { openInline } from '../snapshot-files.js'

export const MAX_PARALLELISM = 16
export const ALL = { start: 0, end: MAX_PARALLELISM - 1 }
export type Item = { n: number; tags: string[] }

class Timers implements TimerStateSource {
  readonly groups = new Map<number, KeyedTimer[]>()

  timersOf(keyGroup: number): readonly KeyedTimer[] {
    return [...(this.groups.get(keyGroup) ?? [])]
  }

  restoreTimers(keyGroup: number, timers: readonly KeyedTimer[]): void {
    this.groups.set(keyGroup, [...this.timersOf(keyGroup), ...timers])
  }

  all(): string[] {
    return [...this.groups.values()].flatMap((timers) =>
      timers.map(({ key, timestamp }) => `${String(key)}@${timestamp}`),
    )
  }
}

/** Short, so that what differs can be seen. */
function digest(held: unknown): string {
  const text = JSON.stringify(held)
  return `${text.slice(0, 60)} ${crc32(text)}`
}

/** A backend with a state of each kind. */
export class Subject {
  readonly backend: HeapKeyedStateBackend
  readonly value
  readonly list
  readonly map
  readonly sum
  readonly text
  readonly timers = new Timers()

  constructor(range = ALL) {
    this.backend = new HeapKeyedStateBackend({
      maxParallelism: MAX_PARALLELISM,
      keyGroupRange: range,
      clock: new ManualClock(),
    })
    this.value = this.backend.getValueState<Item>({ name: 'value' })
    this.list = this.backend.getListState<Item>({ name: 'list' })
    this.map = this.backend.getMapState<string | number, Item>({ name: 'map' })
    this.sum = this.backend.getReducingState<number>({
      name: 'sum',
      type: Types.double,
      reduceFunction: (a, b) => a + b,
    })
    this.text = this.backend.getAggregatingState<string, string[], string>({
      name: 'text',
      aggregateFunction: {
        createAccumulator: () => [],
        add(value, accumulator) {
          accumulator.push(value)
          return accumulator
        },
        getResult: (accumulator) => accumulator.join(''),
        merge: (a, b) => [...a, ...b],
      },
    })
    this.backend.registerTimers('timers', this.timers)
  }

  /** Everything as plain text, in a fixed order. */
  contents(): string[] {
    const lines: string[] = []
    for (const name of ['value', 'list', 'sum', 'text']) {
      this.backend.forEachEntry(name, (key, value) => {
        const held = name === 'list' ? [...(value as Iterable<unknown>)] : value
        lines.push(`${name} ${String(key)} ${digest(held)}`)
      })
    }
    this.backend.forEachEntry('map', (key, value) => {
      for (const [mapKey, held] of value as Iterable<[unknown, unknown]>) {
        lines.push(`map ${String(key)} ${typeof mapKey} ${String(mapKey)} ${digest(held)}`)
      }
    })
    return [...lines, ...this.timers.all()].sort()
  }
}

/** What operators of some parallelism find in it. */
export async function restored(
  handles: KeyedStateHandle[],
  parallelism: number,
): Promise<string[]> {
  const lines: string[] = []
  const parts = assignKeyGroups(handles, { parallelism, maxParallelism: MAX_PARALLELISM })
  for (let subtask = 0; subtask < parallelism; subtask++) {
    const range = keyGroupRangeForOperator(MAX_PARALLELISM, parallelism, subtask)
    const subject = new Subject(range)
    await subject.backend.restore({ parts: parts[subtask]!, open: openInline })
    lines.push(...subject.contents())
  }
  return lines.sort()
}
