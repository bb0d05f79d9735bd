import type { PipelinedRegion, PipelinedRegions } from './pipelined-regions.js'
import type { Connection } from './scheduling-topology.js'

interface Progress {
  readonly connection: Connection
  readonly unfinished: Set<number>
  /** A region has both producers and consumers of it: it need not wait for its own. */
  readonly mixed: boolean
}

/**
 * Which blocking inputs of regions are complete. Costs time in proportion to the tasks and connections,
 * however many consumers wait for however many producers.
 */
export class InputProgress {
  readonly #regions: PipelinedRegions
  readonly #progress = new Map<Connection, Progress>()
  readonly #ofProducer = new Map<number, Progress[]>()

  constructor(regions: PipelinedRegions) {
    this.#regions = regions
    for (const region of regions.regions) {
      for (const connection of region.produced) {
        if (!this.#progress.has(connection)) this.#add(connection)
      }
    }
  }

  /** Whether the region has all that it reads. */
  isComplete(region: PipelinedRegion): boolean {
    return region.consumed.every((connection) => {
      const progress = this.#progress.get(connection)
      if (progress === undefined || progress.unfinished.size === 0) return true
      return progress.mixed && this.#onlyInside(progress, region)
    })
  }

  /** @returns regions whose inputs may be complete now */
  taskFinished(task: number): Set<PipelinedRegion> {
    const next = new Set<PipelinedRegion>()
    for (const progress of this.#ofProducer.get(task) ?? []) {
      progress.unfinished.delete(task)
      if (progress.unfinished.size > 0 && !progress.mixed) continue
      for (const consumer of progress.connection.consumers) {
        next.add(this.#regions.regionOf(consumer))
      }
    }
    return next
  }

  /** The task runs again. */
  taskReset(task: number): void {
    for (const { unfinished } of this.#ofProducer.get(task) ?? []) unfinished.add(task)
  }

  #add(connection: Connection): void {
    const from = new Set(connection.producers.map((task) => this.#regions.regionOf(task)))
    const progress: Progress = {
      connection,
      unfinished: new Set(connection.producers),
      mixed: connection.consumers.some((task) => from.has(this.#regions.regionOf(task))),
    }
    this.#progress.set(connection, progress)
    for (const producer of connection.producers) {
      const known = this.#ofProducer.get(producer)
      if (known === undefined) this.#ofProducer.set(producer, [progress])
      else known.push(progress)
    }
  }

  #onlyInside({ unfinished }: Progress, region: PipelinedRegion): boolean {
    for (const task of unfinished) if (this.#regions.regionOf(task) !== region) return false
    return true
  }
}
