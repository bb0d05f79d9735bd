import type { PipelinedRegion, PipelinedRegions } from './pipelined-regions.js'

/** Says what restarts together with a failed task. */
export interface FailoverStrategy {
  /** @returns indexes of tasks, ascending; `failedTask` among them */
  tasksToRestart(failedTask: number): number[]
}

/** Every task restarts. */
export class RestartAllFailoverStrategy implements FailoverStrategy {
  readonly #numberOfTasks: number

  constructor(numberOfTasks: number) {
    this.#numberOfTasks = numberOfTasks
  }

  tasksToRestart(): number[] {
    return Array.from({ length: this.#numberOfTasks }, (_, task) => task)
  }
}

/**
 * The region of the failed task restarts, with the producers of blocking results that are gone, and
 * with all consumers of what restarts (what they read may come out differently).
 */
export class RestartPipelinedRegionFailoverStrategy implements FailoverStrategy {
  readonly #regions: PipelinedRegions
  readonly #isResultAvailable: (producer: number, dataSetId: string) => boolean

  /** @param isResultAvailable whether a blocking result of a task can still be read */
  constructor(
    regions: PipelinedRegions,
    isResultAvailable: (producer: number, dataSetId: string) => boolean,
  ) {
    this.#regions = regions
    this.#isResultAvailable = isResultAvailable
  }

  tasksToRestart(failedTask: number): number[] {
    const included = new Set<PipelinedRegion>([this.#regions.regionOf(failedTask)])
    // A Set iterates over what is added meanwhile.
    for (const region of included) {
      for (const connection of region.consumed) {
        for (const producer of connection.producers) {
          if (!this.#isResultAvailable(producer, connection.dataSetId)) {
            included.add(this.#regions.regionOf(producer))
          }
        }
      }
      for (const connection of region.produced) {
        for (const consumer of connection.consumers) included.add(this.#regions.regionOf(consumer))
      }
    }
    return [...included].flatMap((region) => region.tasks).sort((a, b) => a - b)
  }
}
