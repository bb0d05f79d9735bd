import type { Clock } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'

/** Answers of the cluster may be so old. */
const PAUSE_MS = 500
const TRIES = 3

/** Tells why a job restarts, each failure once. */
export class RestartReasons {
  readonly #jobId: string
  readonly #client: Pick<RestClusterClient, 'jobExceptions'>
  readonly #clock: Clock
  #latestMs = Number.NEGATIVE_INFINITY

  constructor(options: {
    jobId: string
    client: Pick<RestClusterClient, 'jobExceptions'>
    clock: Clock
  }) {
    this.#jobId = options.jobId
    this.#client = options.client
    this.#clock = options.clock
  }

  /**
   * The newest failure that was not told before, such as `Map (1/2): RangeError: no 1`; undefined: there is none.
   *
   * @throws RestConnectionError, RestClientError
   */
  async next(): Promise<string | undefined> {
    for (let i = 0; i < TRIES; i++) {
      if (i > 0) await new Promise<void>((resolve) => this.#clock.schedule(PAUSE_MS, resolve))
      const { exceptionHistory } = await this.#client.jobExceptions(this.#jobId)
      const [newest] = exceptionHistory.entries
      if (newest === undefined || newest.timestamp <= this.#latestMs) continue
      this.#latestMs = newest.timestamp
      const reason = innermost(newest.stacktrace)
      return newest.taskName === null ? reason : `${newest.taskName}: ${reason}`
    }
    return undefined
  }
}

/** The first line of the last cause of a chain. */
function innermost(stacktrace: string): string {
  const heads = stacktrace.split('\n').filter((line) => line.startsWith('Caused by: '))
  return heads.at(-1)?.slice('Caused by: '.length) ?? stacktrace.split('\n', 1)[0]!
}
