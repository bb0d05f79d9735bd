import assert from 'node:assert/strict'
import type { CancelTimer, Logger } from '@flink-ts/core'
import type { WorkerHandle } from '../resource-manager-driver.js'
import { WORKER_TRANSITIONS, type WorkerState } from './worker-state.js'

/** One worker, from its request on. */
export class Worker {
  readonly #log: Logger
  /** Takes the request back. */
  readonly abort = new AbortController()
  cancelTimer: CancelTimer | undefined
  #state: WorkerState
  #handle: WorkerHandle | undefined

  constructor(log: Logger, recovered?: WorkerHandle) {
    this.#log = log
    this.#state = recovered === undefined ? 'REQUESTED' : 'RECOVERED'
    this.#handle = recovered
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Undefined while it is REQUESTED. */
  get handle(): WorkerHandle | undefined {
    return this.#handle
  }

  transitionTo(state: WorkerState, handle: WorkerHandle | undefined = this.#handle): void {
    const from = this.#state
    const name = handle?.resourceId ?? 'that is requested'
    assert(WORKER_TRANSITIONS[from].includes(state), `worker ${name}: ${from} -> ${state}`)
    this.cancelTimer?.()
    this.cancelTimer = undefined
    this.#state = state
    this.#handle = handle
    this.#log.debug('Worker changed', { resourceId: handle?.resourceId, from, to: state })
  }
}
