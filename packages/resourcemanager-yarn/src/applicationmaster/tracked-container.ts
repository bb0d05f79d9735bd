import assert from 'node:assert/strict'
import type { Logger, ResourceId } from '@flink-ts/core'
import type { Container, ContainerId, NodeId } from '@flink-ts/hadoop-rpc'
import type { WorkerHandle } from '@flink-ts/runtime'
import type { ContainerRequest } from './container-request.js'
import { CONTAINER_TRANSITIONS, type TrackedContainerState } from './container-state.js'

/** One container of this application, from the moment that YARN tells of it. */
export class TrackedContainer {
  readonly container: Container
  readonly #log: Logger
  #state: TrackedContainerState
  /** Whom it is for; undefined for one that was taken over, or that nobody wants. */
  request: ContainerRequest | undefined

  constructor(log: Logger, container: Container, state: 'ALLOCATED' | 'RUNNING') {
    this.container = container
    this.#log = log
    this.#state = state
  }

  get id(): ContainerId {
    return this.container.id
  }

  get nodeId(): NodeId {
    return this.container.nodeId
  }

  get state(): TrackedContainerState {
    return this.#state
  }

  /** The worker in it. */
  get handle(): WorkerHandle {
    return { resourceId: this.id as string as ResourceId, nodeId: this.nodeId.host }
  }

  /** Whether its NodeManager may have started it. */
  get mayRun(): boolean {
    return this.#state === 'STARTING' || this.#state === 'RUNNING'
  }

  transitionTo(state: TrackedContainerState): void {
    const from = this.#state
    assert(CONTAINER_TRANSITIONS[from].includes(state), `container ${this.id}: ${from} -> ${state}`)
    this.#state = state
    this.#log.debug('Container changed', { containerId: this.id, from, to: state })
  }
}
