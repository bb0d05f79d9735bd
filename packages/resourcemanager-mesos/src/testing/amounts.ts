import assert from 'node:assert/strict'
import type { MesosRange } from '@flink-ts/mesos-client'

/** How much there is of one resource; scalars in thousandths, as Mesos counts them. */
export type Amount =
  | { readonly milli: number }
  | { readonly ranges: readonly MesosRange[] }
  | { readonly set: readonly string[] }

/** The same resource in its three written forms. */
export interface WrittenAmount {
  readonly scalar?: number
  readonly ranges?: readonly MesosRange[]
  readonly set?: readonly string[]
}

export function readAmount(written: WrittenAmount): Amount {
  if (written.scalar !== undefined) return { milli: Math.round(written.scalar * 1000) }
  if (written.ranges !== undefined) return { ranges: merged(written.ranges) }
  return { set: written.set ?? [] }
}

export function writeAmount(amount: Amount): WrittenAmount {
  if ('milli' in amount) return { scalar: amount.milli / 1000 }
  return amount
}

export function isNothing(amount: Amount): boolean {
  if ('milli' in amount) return amount.milli <= 0
  return ('ranges' in amount ? amount.ranges : amount.set).length === 0
}

export function nothingOf(amount: Amount): Amount {
  if ('milli' in amount) return { milli: 0 }
  return 'ranges' in amount ? { ranges: [] } : { set: [] }
}

export function contains(whole: Amount, part: Amount): boolean {
  if ('milli' in whole && 'milli' in part) return part.milli <= whole.milli
  if ('ranges' in whole && 'ranges' in part) {
    return part.ranges.every(({ begin, end }) =>
      whole.ranges.some((range) => range.begin <= begin && end <= range.end),
    )
  }
  if ('set' in whole && 'set' in part) return part.set.every((item) => whole.set.includes(item))
  return false
}

export function overlap(a: Amount, b: Amount): boolean {
  if ('ranges' in a && 'ranges' in b) {
    return a.ranges.some((x) => b.ranges.some((y) => x.begin <= y.end && y.begin <= x.end))
  }
  return 'set' in a && 'set' in b && a.set.some((item) => b.set.includes(item))
}

export function plus(a: Amount, b: Amount): Amount {
  if ('milli' in a && 'milli' in b) return { milli: a.milli + b.milli }
  if ('ranges' in a && 'ranges' in b) {
    const sum = merged([...a.ranges, ...b.ranges])
    assert.equal(count(sum), count(a.ranges) + count(b.ranges), 'a port twice')
    return { ranges: sum }
  }
  assert('set' in a && 'set' in b, 'amounts of one kind')
  return { set: [...a.set, ...b.set] }
}

export function minus(whole: Amount, part: Amount): Amount {
  assert(contains(whole, part), 'more is taken than there is')
  if ('milli' in whole && 'milli' in part) return { milli: whole.milli - part.milli }
  if ('ranges' in whole && 'ranges' in part) {
    return { ranges: part.ranges.reduce(withoutRange, whole.ranges) }
  }
  assert('set' in whole && 'set' in part, 'amounts of one kind')
  return { set: whole.set.filter((item) => !part.set.includes(item)) }
}

function withoutRange(ranges: readonly MesosRange[], taken: MesosRange): readonly MesosRange[] {
  return ranges.flatMap((range) => {
    if (taken.end < range.begin || range.end < taken.begin) return [range]
    const left = { begin: range.begin, end: taken.begin - 1 }
    const right = { begin: taken.end + 1, end: range.end }
    return [left, right].filter(({ begin, end }) => begin <= end)
  })
}

function merged(ranges: readonly MesosRange[]): MesosRange[] {
  const result: MesosRange[] = []
  for (const range of [...ranges].sort((a, b) => a.begin - b.begin)) {
    const last = result.at(-1)
    if (last === undefined || range.begin > last.end + 1) result.push(range)
    else result[result.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) }
  }
  return result
}

function count(ranges: readonly MesosRange[]): number {
  return ranges.reduce((sum, { begin, end }) => sum + end - begin + 1, 0)
}
