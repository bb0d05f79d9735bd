import type { ResourceRequest, YarnResource } from '@flink-ts/hadoop-rpc'
import type { ContainerRequest } from './container-request.js'
import { resourceKey } from './container-resource.js'
import type { WaitingContainers } from './describe-waiting.js'

/** Containers of one size; YARN tells by the priority of a container which size it was asked in. */
interface Ask {
  readonly priority: number
  readonly capability: YarnResource
  readonly waiting: Set<ContainerRequest>
  /** How many YARN still wants to give, as far as we know; undefined: it must be told again. */
  outstanding: number | undefined
}

/** That of the ApplicationMaster's own container is 0. */
const FIRST_PRIORITY = 1

/**
 * The requests that wait for a container, by size, and what YARN has been told of them. Numbers are absolute: what YARN
 * allocates between two of our messages counts down on its side, so that a number which crosses such an allocation is sent
 * once more. The surplus that even so may come is given back.
 */
export class ContainerAsks {
  readonly #nodeLabel: string | undefined
  readonly #bySize = new Map<string, Ask>()
  readonly #byPriority = new Map<number, Ask>()
  #size = 0
  /** YARN refused several sizes at once. */
  #isOneByOne = false

  /** @param nodeLabel only nodes with this label; undefined: as the application says */
  constructor(nodeLabel: string | undefined) {
    this.#nodeLabel = nodeLabel
  }

  /** Requests that wait. */
  get size(): number {
    return this.#size
  }

  /** By size. */
  get waiting(): WaitingContainers[] {
    return [...this.#bySize.values()]
      .map(({ capability, waiting }) => ({ capability, count: waiting.size }))
      .filter(({ count }) => count > 0)
  }

  add(request: ContainerRequest): void {
    const key = resourceKey(request.capability)
    let ask = this.#bySize.get(key)
    if (ask === undefined) {
      const priority = FIRST_PRIORITY + this.#bySize.size
      ask = { priority, capability: request.capability, waiting: new Set(), outstanding: 0 }
      this.#bySize.set(key, ask)
      this.#byPriority.set(priority, ask)
    }
    ask.waiting.add(request)
    this.#size++
  }

  /** @returns false if it does not wait here */
  remove(request: ContainerRequest): boolean {
    const removed = this.#bySize.get(resourceKey(request.capability))?.waiting.delete(request)
    if (removed) this.#size--
    return removed === true
  }

  /** The request that has waited longest for a container of this priority; undefined: there is none. */
  take(priority: number): ContainerRequest | undefined {
    const [request] = this.#byPriority.get(priority)?.waiting ?? []
    if (request !== undefined) this.remove(request)
    return request
  }

  get hasChanges(): boolean {
    return [...this.#bySize.values()].some(isChanged)
  }

  /** What YARN must be told; it counts as told from now on. */
  takeChanges(): ResourceRequest[] {
    const changed = [...this.#bySize.values()].filter(isChanged)
    this.#isOneByOne &&= changed.length > 0
    return (this.#isOneByOne ? changed.slice(0, 1) : changed).map((ask) => {
      ask.outstanding = ask.waiting.size
      return {
        priority: ask.priority,
        resourceName: '*',
        capability: ask.capability,
        numContainers: ask.waiting.size,
        relaxLocality: true,
        allocationRequestId: -1,
        ...(this.#nodeLabel === undefined ? {} : { nodeLabelExpression: this.#nodeLabel }),
      }
    })
  }

  /**
   * A container came.
   *
   * @param crossed the message that it came in answered a new number: whether it was counted from the old or the new one nobody knows
   */
  allocated(priority: number, crossed: boolean): void {
    const ask = this.#byPriority.get(priority)
    if (ask === undefined) return
    if (crossed) ask.outstanding = undefined
    else if (ask.outstanding !== undefined) ask.outstanding = Math.max(0, ask.outstanding - 1)
  }

  /** YARN has forgotten all of them. */
  forgotten(): void {
    for (const ask of this.#bySize.values()) ask.outstanding = 0
  }

  /**
   * YARN refuses what it was told. Of one size alone the requests are removed and returned; of several each is told alone from now on,
   * until it is known which of them YARN means.
   */
  refused(told: readonly ResourceRequest[]): ContainerRequest[] {
    const asks = told.flatMap(({ priority }) => this.#byPriority.get(priority) ?? [])
    for (const ask of asks) ask.outstanding = undefined
    this.#isOneByOne ||= asks.length > 1
    const [ask] = asks
    if (ask === undefined || asks.length > 1) return []
    ask.outstanding = 0
    const requests = [...ask.waiting]
    for (const request of requests) this.remove(request)
    return requests
  }

  /** Removes and returns all requests. */
  clear(): ContainerRequest[] {
    const requests = [...this.#bySize.values()].flatMap(({ waiting }) => [...waiting])
    for (const request of requests) this.remove(request)
    return requests
  }
}

function isChanged({ outstanding, waiting }: Ask): boolean {
  return outstanding !== waiting.size
}
