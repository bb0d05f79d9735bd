import assert from 'node:assert/strict'
import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import { type RpcService, sameFencingToken } from '@flink-ts/rpc'
import { LEADER_ENDPOINT_ID, LEADER_GATEWAY } from '../messages/gateways.js'
import type { LeaderGateway, RequestLeaderResponse } from '../messages/messages.generated.js'
import type {
  LeaderAddress,
  LeaderComponent,
  LeaderRetriever,
} from './high-availability-services.js'
import { leaderComponentName } from './leader-registry.js'

export interface StandaloneLeaderRetrieverOptions {
  readonly component: LeaderComponent
  /** host:port of the JobManager's RPC service, from the configuration. */
  readonly jobManagerAddress: string
  readonly rpcService: RpcService
  readonly clock: Clock
  readonly log: Logger
}

const INITIAL_DELAY_MS = 100
/** A TaskManager that started before its JobManager finds it this soon. */
const MAX_DELAY_MS = 2_000
/** How long one question waits for its answer. */
const ASK_TIMEOUT_MS = 2_000
/** A change of leader behind a partition that breaks no connection is seen after this time. */
const REFRESH_INTERVAL_MS = 30_000

/**
 * Asks the JobManager's `LeaderService` until it names a leader, with growing pauses, then again when the
 * connection to the JobManager is lost, and seldom otherwise.
 */
export class StandaloneLeaderRetriever implements LeaderRetriever {
  readonly #options: StandaloneLeaderRetrieverOptions
  readonly #gateway: LeaderGateway
  #listener: ((leader: LeaderAddress | undefined) => void) | undefined
  #leader: LeaderAddress | undefined
  #delayMs = INITIAL_DELAY_MS
  #cancelTimer: CancelTimer | undefined
  #unsubscribe: (() => void) | undefined
  /** Answers of earlier questions are ignored. */
  #question = 0
  #closed = false

  constructor(options: StandaloneLeaderRetrieverOptions) {
    this.#options = options
    this.#gateway = options.rpcService.connect<LeaderGateway>(
      options.jobManagerAddress,
      LEADER_ENDPOINT_ID,
      LEADER_GATEWAY,
    )
  }

  start(listener: (leader: LeaderAddress | undefined) => void): void {
    assert(this.#listener === undefined, 'a retriever is started once')
    this.#listener = listener
    const { rpcService, jobManagerAddress } = this.#options
    this.#unsubscribe = rpcService.onConnectionLost(jobManagerAddress, (reason) =>
      this.#onConnectionLost(reason),
    )
    this.#ask()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe?.()
    this.#cancelTimer?.()
  }

  #ask(): void {
    if (this.#closed) return
    const { component } = this.#options
    const question = ++this.#question
    const request = {
      component: component.kind,
      ...(component.kind === 'jobmanager' ? { jobId: component.jobId } : {}),
    }
    this.#gateway.requestLeader(request, { timeoutMs: ASK_TIMEOUT_MS }).then(
      (response) => this.#onAnswer(question, response),
      (error) => this.#onFailure(question, error),
    )
  }

  #onAnswer(question: number, response: RequestLeaderResponse): void {
    if (this.#closed || question !== this.#question) return
    const { endpoint, token } = response
    if (endpoint === undefined || token === undefined) {
      this.#change(undefined)
      this.#askLater()
      return
    }
    this.#delayMs = INITIAL_DELAY_MS
    this.#change({ ...endpoint, token })
    this.#schedule(REFRESH_INTERVAL_MS)
  }

  #onFailure(question: number, error: unknown): void {
    if (this.#closed || question !== this.#question) return
    this.#options.log.debug('The JobManager did not say who leads', {
      component: leaderComponentName(this.#options.component),
      jobManager: this.#options.jobManagerAddress,
      error,
    })
    // A leader that is known stays: whether it is gone is for its heartbeats to find out.
    this.#askLater()
  }

  #onConnectionLost(reason: Error): void {
    if (this.#closed || this.#leader === undefined) return
    this.#options.log.info('Lost the connection to the JobManager', {
      component: leaderComponentName(this.#options.component),
      jobManager: this.#options.jobManagerAddress,
      error: reason,
    })
    this.#question++
    this.#change(undefined)
    this.#askLater()
  }

  #askLater(): void {
    this.#schedule(this.#delayMs)
    this.#delayMs = Math.min(2 * this.#delayMs, MAX_DELAY_MS)
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#options.clock.schedule(delayMs, () => this.#ask())
  }

  #change(leader: LeaderAddress | undefined): void {
    const known = this.#leader
    if (
      known?.address === leader?.address &&
      known?.endpointId === leader?.endpointId &&
      sameFencingToken(known?.token, leader?.token)
    ) {
      return
    }
    this.#leader = leader
    this.#listener!(leader)
  }
}
