import type { Connection, SchedulingTopology } from './scheduling-topology.js'
import { stronglyConnectedComponents } from './strongly-connected-components.js'

/** Tasks that must run at the same time, and what crosses their borders. */
export interface PipelinedRegion {
  readonly index: number
  /** Ascending. */
  readonly tasks: readonly number[]
  /** Blocking connections with a consumer in here and a producer elsewhere. */
  readonly consumed: readonly Connection[]
  /** Blocking connections with a producer in here and a consumer elsewhere. */
  readonly produced: readonly Connection[]
}

/** The partition of a job's tasks into pipelined regions. */
export class PipelinedRegions {
  readonly regions: readonly PipelinedRegion[]
  readonly #regionOfTask: readonly number[]

  constructor(topology: SchedulingTopology) {
    this.#regionOfTask = assignRegions(topology)
    this.regions = buildRegions(topology, this.#regionOfTask)
  }

  regionOf(task: number): PipelinedRegion {
    return this.regions[this.#regionOfTask[task]!]!
  }
}

/**
 * A region per task: connected by pipelined edges, or by blocking edges that lead round in a circle
 * of regions (neither could run before the other). Numbered by their first task.
 */
function assignRegions(topology: SchedulingTopology): number[] {
  const sets = new DisjointSets(topology.numberOfTasks)
  for (const connection of topology.connections) {
    if (connection.pipelined) sets.join([...connection.producers, ...connection.consumers])
  }
  const successors = new Map<number, Set<number>>()
  for (const connection of topology.connections) {
    if (connection.pipelined) continue
    const targets = new Set(connection.consumers.map((consumer) => sets.find(consumer)))
    for (const producer of new Set(connection.producers.map((task) => sets.find(task)))) {
      const known = successors.get(producer) ?? new Set()
      for (const target of targets) known.add(target)
      successors.set(producer, known)
    }
  }
  for (const circle of stronglyConnectedComponents(successors)) sets.join(circle)

  const numbers = new Map<number, number>()
  return Array.from({ length: topology.numberOfTasks }, (_, task) => {
    const root = sets.find(task)
    if (!numbers.has(root)) numbers.set(root, numbers.size)
    return numbers.get(root)!
  })
}

function buildRegions(
  topology: SchedulingTopology,
  regionOfTask: readonly number[],
): PipelinedRegion[] {
  const count = regionOfTask.reduce((max, region) => Math.max(max, region + 1), 0)
  const regions = Array.from({ length: count }, (_, index) => ({
    index,
    tasks: [] as number[],
    consumed: [] as Connection[],
    produced: [] as Connection[],
  }))
  regionOfTask.forEach((region, task) => {
    regions[region]!.tasks.push(task)
  })
  for (const connection of topology.connections) {
    if (connection.pipelined) continue
    const from = new Set(connection.producers.map((task) => regionOfTask[task]!))
    const to = new Set(connection.consumers.map((task) => regionOfTask[task]!))
    for (const region of from) {
      if (crosses(region, to)) regions[region]!.produced.push(connection)
    }
    for (const region of to) {
      if (crosses(region, from)) regions[region]!.consumed.push(connection)
    }
  }
  return regions
}

function crosses(region: number, others: ReadonlySet<number>): boolean {
  return others.size > 1 || !others.has(region)
}

class DisjointSets {
  readonly #parent: number[]

  constructor(size: number) {
    this.#parent = Array.from({ length: size }, (_, i) => i)
  }

  find(element: number): number {
    let root = element
    while (this.#parent[root] !== root) root = this.#parent[root]!
    for (let at = element; at !== root; ) {
      const next = this.#parent[at]!
      this.#parent[at] = root
      at = next
    }
    return root
  }

  join(elements: readonly number[]): void {
    if (elements.length === 0) return
    let root = this.find(elements[0]!)
    for (const element of elements) {
      const other = this.find(element)
      // The smaller index leads, so that roots do not depend on the order of joins.
      const leader = Math.min(root, other)
      this.#parent[Math.max(root, other)] = leader
      root = leader
    }
  }
}
