import { keyGroupRangeForOperator } from '@flink-ts/core'
import {
  assignKeyGroups,
  type KeyedStateHandle,
  type OperatorStateHandle,
  redistributeOperatorState,
} from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'

const snapshot = { kind: 'inline', bytes: new Uint8Array(0), sizeBytes: 0, checksum: 0 } as const

t.test(
  'assignKeyGroups: each key group goes to its owner, once, whatever the parallelism',
  async () => {
    const parallelism = fc.integer({ min: 1, max: 64 })
    fc.assert(
      fc.property(parallelism, parallelism, fc.integer({ min: 64, max: 200 }), (old, now, max) => {
        const handles = Array.from({ length: old }, (_, i): KeyedStateHandle => {
          return { keyGroups: keyGroupRangeForOperator(max, old, i), snapshot }
        })
        const parts = assignKeyGroups(handles, { parallelism: now, maxParallelism: max })
        const given = parts.flatMap((list, subtask) => {
          const own = keyGroupRangeForOperator(max, now, subtask)
          return list.flatMap(({ handle, keyGroups: { start, end } }) => {
            const inside = start >= own.start && end <= own.end
            const stored = start >= handle.keyGroups.start && end <= handle.keyGroups.end
            if (!inside || !stored) throw new Error('a part lies outside')
            return Array.from({ length: end - start + 1 }, (_, i) => start + i)
          })
        })
        t.same(
          given.sort((a, b) => a - b),
          Array.from({ length: max }, (_, i) => i),
        )
      }),
      { numRuns: 60 },
    )
  },
)

function handleOf(elements: number): OperatorStateHandle {
  return {
    snapshot,
    states: [
      { name: 'split', kind: 'splitList', elements },
      { name: 'union', kind: 'unionList', elements },
      { name: 'rules', kind: 'broadcast', elements: 2 },
    ],
  }
}

t.test(
  'redistributeOperatorState: split shares, union to all, one broadcast copy each',
  async () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 10 }),
        (counts, now) => {
          const handles = new Map(counts.map((count, i) => [i, handleOf(count)]))
          const parts = redistributeOperatorState(handles, { old: counts.length, new: now })
          t.equal(parts.length, now)
          const seen = (name: string, list: (typeof parts)[number]) =>
            list.flatMap(({ handle, ranges }) =>
              ranges
                .filter((range) => range.name === name)
                .flatMap(({ from, to }) =>
                  Array.from({ length: to - from }, (_, i) => {
                    const subtask = [...handles.values()].indexOf(handle)
                    return `${subtask}/${from + i}`
                  }),
                ),
            )
          const all = counts.flatMap((count, i) =>
            Array.from({ length: count }, (_, k) => `${i}/${k}`),
          )
          const split = parts.map((list) => seen('split', list))
          t.same(split.flat().sort(), [...all].sort())
          if (counts.length === now)
            t.same(
              split.map((s) => s.length),
              counts,
            )
          else {
            const sizes = split.map((s) => s.length)
            t.ok(Math.max(...sizes) - Math.min(...sizes) <= 1)
          }
          parts.forEach((list, subtask) => {
            t.same(seen('union', list).sort(), [...all].sort())
            t.same(
              seen('rules', list),
              [0, 1].map((k) => `${subtask % counts.length}/${k}`),
            )
          })
        },
      ),
      { numRuns: 60 },
    )
  },
)
