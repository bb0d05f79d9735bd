import type { SerializedError } from '@flink-ts/core'
import type { Execution } from '../executiongraph/execution.js'
import type { ExceptionEntry } from '../jobmaster/info/execution-graph-info.js'

interface RootEntry {
  readonly entry: ExceptionEntry
  readonly concurrent: ExceptionEntry[]
  readonly affected: ReadonlySet<number>
}

/** The failures of a job, oldest first, as many as `web.exception-history-size` says. */
export class ExceptionHistory {
  readonly #size: number
  #roots: RootEntry[] = []
  #truncated = false

  constructor(size: number) {
    this.#size = size
  }

  /** Whether older entries were dropped. */
  get truncated(): boolean {
    return this.#truncated
  }

  get entries(): ExceptionEntry[] {
    return this.#roots.map(({ entry, concurrent }) => ({ ...entry, concurrent: [...concurrent] }))
  }

  /**
   * A failure that set a restart or the end of the job going.
   *
   * @param affected indexes of the tasks that it took with it
   */
  addRoot(entry: ExceptionEntry, affected: Iterable<number>): void {
    this.#roots.push({ entry, concurrent: [], affected: new Set(affected) })
    if (this.#roots.length > this.#size) {
      this.#roots.shift()
      this.#truncated = true
    }
  }

  /**
   * A failure of a task that was going down anyway, with the latest root that took `task`.
   *
   * @returns false if there is no such root
   */
  addConcurrent(entry: ExceptionEntry, task: number): boolean {
    const root = this.#roots.findLast(({ affected }) => affected.has(task))
    if (root === undefined) return false
    if (root.concurrent.length < this.#size) root.concurrent.push(entry)
    else this.#truncated = true
    return true
  }
}

/** @param execution the failed attempt; absent: the job failed as a whole */
export function exceptionEntry(
  timestampMs: number,
  error: SerializedError,
  execution?: Execution,
): ExceptionEntry {
  const location = execution?.slot?.location
  return {
    timestampMs,
    error,
    ...(execution === undefined ? {} : { taskName: execution.taskName }),
    ...(location === undefined
      ? {}
      : {
          taskManagerId: location.resourceId,
          endpoint: `${location.host}:${location.dataPort}`,
        }),
    concurrent: [],
  }
}
