import type { Clock, Logger } from '@flink-ts/core'
import { CoordinationConnectionLostError } from '@flink-ts/runtime'
import { type ZooKeeperClient, ZooKeeperError } from '@flink-ts/zookeeper-client'
import { HaStorageError } from './zookeeper-ha-errors.js'
import type { ZooKeeperRetrySettings } from './zookeeper-ha-settings.js'

export interface CoordinationReadsOptions {
  readonly zooKeeper: ZooKeeperClient
  readonly retry: ZooKeeperRetrySettings
  readonly clock: Clock
  readonly log: Logger
  /** Of the process, for errors. */
  readonly contenderName: string
}

/** Repeats reads that the connection has got in the way of; reads change nothing, so that it does not matter in which session. */
export class CoordinationReads {
  readonly #options: CoordinationReadsOptions
  /** End the pauses. */
  readonly #pauses = new Set<() => void>()
  readonly #unsubscribe: () => void
  #closed = false

  constructor(options: CoordinationReadsOptions) {
    this.#options = options
    this.#unsubscribe = options.zooKeeper.onSession(({ type }) => {
      if (type === 'connected' || type === 'reconnected') this.#endPauses()
    })
  }

  /**
   * @param operation what is attempted, for errors
   * @throws CoordinationConnectionLostError after the last repetition, and when this process has closed its session
   */
  async run<T>(operation: string, read: () => Promise<T>): Promise<T> {
    const { retry, log, contenderName } = this.#options
    let delayMs = retry.initialDelayMs
    for (let retries = 0; ; retries++) {
      try {
        return await read()
      } catch (error) {
        const isClosed = hasReason(error, 'closed')
        if (!isPassing(error) && !isClosed) throw error
        if (isClosed || this.#closed || retries >= retry.maxRetries) {
          throw new CoordinationConnectionLostError({
            operation,
            client: contenderName,
            cause: error,
          })
        }
        log.info(`Could not ${operation}; trying again`, { error, retryInMs: delayMs })
        await this.#pause(delayMs)
        delayMs = Math.min(2 * delayMs, retry.maxDelayMs)
      }
    }
  }

  /** What fails from now on is not repeated. */
  close(): void {
    this.#closed = true
    this.#unsubscribe()
    this.#endPauses()
  }

  #endPauses(): void {
    for (const end of [...this.#pauses]) end()
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#pauses.delete(end)
        cancel()
        resolve()
      }
      const cancel = this.#options.clock.schedule(delayMs, end)
      this.#pauses.add(end)
    })
  }
}

/** Whether the same question may be answered later. */
export function isPassing(error: unknown): boolean {
  return (error instanceof ZooKeeperError || error instanceof HaStorageError) && error.retriable
}

export function hasReason(error: unknown, ...reasons: ZooKeeperError['reason'][]): boolean {
  return error instanceof ZooKeeperError && reasons.includes(error.reason)
}
