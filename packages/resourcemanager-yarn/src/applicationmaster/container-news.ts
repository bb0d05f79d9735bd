import type { Logger } from '@flink-ts/core'
import type { ContainerId } from '@flink-ts/hadoop-rpc'
import type { ContainerAsks } from './container-asks.js'
import { describeResource } from './container-resource.js'
import { sizeRefused } from './container-start-error.js'
import type { ExcludedNodes } from './excluded-nodes.js'
import { whyOf } from './refusal.js'
import type { Exchange } from './scheduler-session.js'

export interface ContainerNewsOptions {
  readonly asks: ContainerAsks
  readonly excluded: ExcludedNodes
  readonly log: Logger
}

/** What YARN has not been told yet: containers that are wanted, those that are given back, and nodes that should not get any. */
export class ContainerNews {
  readonly #options: ContainerNewsOptions
  /** Given back. */
  readonly #releases = new Set<ContainerId>()

  constructor(options: ContainerNewsOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    const { asks, excluded } = this.#options
    return !asks.hasChanges && this.#releases.size === 0 && !excluded.hasChanges
  }

  release(id: ContainerId): void {
    this.#releases.add(id)
  }

  /** The container has ended: nothing is to be given back. */
  ended(id: ContainerId): void {
    this.#releases.delete(id)
  }

  /** All of it; it counts as told from now on. */
  take(): Exchange {
    const { asks, excluded, log } = this.#options
    const { additions, removals } = excluded.takeChanges()
    const releases = [...this.#releases]
    this.#releases.clear()
    const changedAsks = asks.takeChanges()
    for (const { numContainers, capability, priority } of changedAsks) {
      const size = describeResource(capability)
      log.info('Asking YARN for containers', { containers: numContainers, size, priority })
    }
    return {
      asks: changedAsks,
      releases,
      blacklistAdditions: additions,
      blacklistRemovals: removals,
    }
  }

  /** YARN does not know any more what it was told. @param releases what was given back of which it may still hear */
  forgotten(releases: Iterable<ContainerId>): void {
    this.#options.asks.forgotten()
    this.#options.excluded.forgotten()
    for (const id of releases) this.#releases.add(id)
  }

  /** None of `told` counts. @param isReleasing whether the container is still to be given back */
  refused(error: Error, told: Exchange, isReleasing: (id: ContainerId) => boolean): void {
    const { asks, excluded, log } = this.#options
    const why = whyOf(error)
    excluded.notTold(told.blacklistAdditions, told.blacklistRemovals)
    if (told.asks.length === 0) {
      // Without an ask it is the rest that YARN does not like: it would never like it.
      log.error('YARN refuses what was given back, or nodes that were excluded', { why })
      return
    }
    log.warn('YARN refuses sizes of containers', { sizes: told.asks.length, why })
    for (const id of told.releases) if (isReleasing(id)) this.#releases.add(id)
    for (const request of asks.refused(told.asks)) {
      request.refuse(sizeRefused(request.capability, why, error))
    }
  }
}
