import type { Logger } from '@flink-ts/core'
import { type FencingToken, formatFencingToken, sameFencingToken } from '@flink-ts/rpc'
import { CoordinationConnectionLostError, LeadershipLostError } from '@flink-ts/runtime'
import {
  type ZooKeeperClient,
  ZooKeeperError,
  type ZooKeeperOperation,
  type ZooKeeperOperationResult,
} from '@flink-ts/zookeeper-client'

/** A term of leadership as ZooKeeper knows it. */
export interface ZooKeeperTerm {
  readonly token: FencingToken
  /** The term lasts as long as this node is there. */
  readonly latchPath: string
  readonly sessionId: string
}

export interface FencedWriterOptions {
  readonly zooKeeper: ZooKeeperClient
  /** Of the process, for errors. */
  readonly contenderName: string
  readonly token: FencingToken
  /** Of this process, now. */
  readonly currentTerm: () => ZooKeeperTerm | undefined
  /** ZooKeeper says that the term is over. */
  readonly onTermOver: (term: ZooKeeperTerm) => void
  readonly log: Logger
}

/** Changes nodes in one term of leadership: each change happens only if the node of the term is there at that moment. */
export class FencedWriter {
  readonly #options: FencedWriterOptions

  constructor(options: FencedWriterOptions) {
    this.#options = options
  }

  get token(): FencingToken {
    return this.#options.token
  }

  get sessionId(): string | undefined {
    return this.#term()?.sessionId
  }

  get isOver(): boolean {
    return this.#term() === undefined
  }

  /**
   * All steps or none.
   *
   * @param operation what is attempted, for errors
   * @throws LeadershipLostError: nothing was changed
   * @throws CoordinationConnectionLostError: nobody knows
   * @throws ZooKeeperError: a step was refused; `operationIndex` counts `operations`
   */
  async write(
    operation: string,
    operations: readonly ZooKeeperOperation[],
  ): Promise<ZooKeeperOperationResult[]> {
    const { zooKeeper, token, contenderName, onTermOver } = this.#options
    const term = this.#term()
    // A call of a session that is over must not be carried out in the next one.
    const { sessionId = term?.sessionId } = zooKeeper
    if (term === undefined || sessionId !== term.sessionId) {
      this.#logRefusal(operation, 'this process')
      throw new LeadershipLostError({ operation, token, leader: 'unknown' })
    }
    const check = { type: 'check', path: term.latchPath, version: -1 } as const
    try {
      const [, ...results] = await zooKeeper.multi([check, ...operations])
      return results
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error
      const { reason, operationIndex, path } = error
      const isFenced = reason === 'no-node' && operationIndex === 0
      if (isFenced) onTermOver(term)
      if (isFenced || reason === 'session-expired' || reason === 'closed') {
        if (reason !== 'closed') this.#logRefusal(operation, 'ZooKeeper', reason)
        throw new LeadershipLostError({ operation, token, leader: 'unknown', cause: error })
      }
      // A server that failed says so of the whole, not of a step, and may have passed the change on.
      const isUnknown = reason === 'unknown' && operationIndex === undefined
      if (error.retriable || isUnknown) {
        throw new CoordinationConnectionLostError({
          operation,
          client: contenderName,
          cause: error,
        })
      }
      throw new ZooKeeperError({
        reason,
        operation,
        ...(path !== undefined && { path }),
        ...(operationIndex !== undefined && { operationIndex: operationIndex - 1 }),
        ...(error.serverCode !== undefined && { serverCode: error.serverCode }),
        cause: error,
      })
    }
  }

  /** So that people see what a former leader would have done. */
  #logRefusal(operation: string, by: 'ZooKeeper' | 'this process', reason?: string): void {
    const { log, token } = this.#options
    log.warn('A change of a former leader was refused', {
      operation,
      token: formatFencingToken(token),
      by,
      ...(reason !== undefined && { reason }),
    })
  }

  #term(): ZooKeeperTerm | undefined {
    const term = this.#options.currentTerm()
    return sameFencingToken(term?.token, this.#options.token) ? term : undefined
  }
}
