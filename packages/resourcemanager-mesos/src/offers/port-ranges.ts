import type { MesosRange } from '@flink-ts/mesos-client'

/** How many ports are in them. */
export function countPorts(ranges: readonly MesosRange[]): number {
  return ranges.reduce((sum, { begin, end }) => sum + Math.max(0, end - begin + 1), 0)
}

/** Takes the lowest ports behind another one, then those before it. @returns them in that order, and what is left */
export function takePorts(
  ranges: readonly MesosRange[],
  count: number,
  behind: number,
): { readonly taken: number[]; readonly left: MesosRange[] } {
  const ascending = [...ranges].sort((a, b) => a.begin - b.begin)
  const first = ascending.map(({ begin, end }) => ({ begin: Math.max(begin, behind + 1), end }))
  const last = ascending.map(({ begin, end }) => ({ begin, end: Math.min(end, behind) }))
  const taken: number[] = []
  const left: MesosRange[] = []
  for (const { begin, end } of [...first, ...last]) {
    let next = begin
    while (next <= end && taken.length < count) taken.push(next++)
    if (next <= end) left.push({ begin: next, end })
  }
  return { taken, left }
}

/** As Mesos wants them: each port once, neighbours together. */
export function rangesOf(ports: readonly number[]): MesosRange[] {
  const ranges: MesosRange[] = []
  for (const port of [...ports].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && port === last.end + 1) {
      ranges[ranges.length - 1] = { begin: last.begin, end: port }
    } else ranges.push({ begin: port, end: port })
  }
  return ranges
}
