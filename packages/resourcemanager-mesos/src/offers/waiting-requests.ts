import type { CancelTimer, Clock } from '@flink-ts/core'
import { type WantedPlace, wantedPlace } from './match-requests.js'
import type { PlacementRequest } from './placement.js'
import { difference, NO_RESOURCES, type ResourceVector, sum } from './resource-vector.js'

interface Waiting {
  readonly place: WantedPlace
  readonly sinceMs: number
  explainedMs: number
}

/** How long it takes until the same request is explained again. */
const EXPLAINED_AGAIN_MS = 300_000

/** The requests that have no place: those that wait for one, and those whose place is being prepared. */
export class WaitingRequests {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Waiting>()
  readonly #placing = new Map<string, Waiting>()
  readonly #later = new Map<string, CancelTimer>()
  #needs = NO_RESOURCES

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#waiting.size
  }

  /** In the order in which they came. */
  get places(): readonly WantedPlace[] {
    return [...this.#waiting.values()].map(({ place }) => place)
  }

  /** Of all of them. */
  get needs(): ResourceVector {
    return this.#needs
  }

  /** @returns false: it is known */
  add(request: PlacementRequest): boolean {
    const { taskId } = request
    if (this.#waiting.has(taskId) || this.#placing.has(taskId)) return false
    this.#add({
      place: wantedPlace(request),
      sinceMs: this.#clock.monotonicNow(),
      explainedMs: Number.NEGATIVE_INFINITY,
    })
    return true
  }

  remove(taskId: string): void {
    this.#take(taskId)
    this.#placing.delete(taskId)
    this.#later.get(taskId)?.()
    this.#later.delete(taskId)
  }

  beginPlacing(requests: readonly PlacementRequest[]): void {
    for (const { taskId } of requests) {
      const waiting = this.#take(taskId)
      if (waiting !== undefined) this.#placing.set(taskId, waiting)
    }
  }

  placed(requests: readonly PlacementRequest[]): void {
    for (const { taskId } of requests) this.#placing.delete(taskId)
  }

  /** Those that were not withdrawn want a place again. @returns whether any do */
  placeAgain(requests: readonly PlacementRequest[]): boolean {
    let isAny = false
    for (const { taskId } of requests) {
      const waiting = this.#placing.get(taskId)
      if (waiting === undefined) continue
      this.#placing.delete(taskId)
      this.#add(waiting)
      isAny = true
    }
    return isAny
  }

  /** Likewise after a while. @param onWaiting called when they do */
  placeAgainLater(
    requests: readonly PlacementRequest[],
    delayMs: number,
    onWaiting: () => void,
  ): void {
    for (const request of requests) {
      const { taskId } = request
      if (!this.#placing.has(taskId)) continue
      const cancel = this.#clock.schedule(delayMs, () => {
        this.#later.delete(taskId)
        if (this.placeAgain([request])) onWaiting()
      })
      this.#later.set(taskId, cancel)
    }
  }

  /** Those that wait for so long. */
  since(ms: number): WantedPlace[] {
    const now = this.#clock.monotonicNow()
    return [...this.#waiting.values()]
      .filter(({ sinceMs }) => now - sinceMs >= ms)
      .map(({ place }) => place)
  }

  /** Those that wait for so long, and of which that was not said lately. */
  late(afterMs: number): WantedPlace[] {
    const now = this.#clock.monotonicNow()
    const late = [...this.#waiting.values()].filter(
      ({ sinceMs, explainedMs }) =>
        now - sinceMs >= afterMs && now - explainedMs >= EXPLAINED_AGAIN_MS,
    )
    for (const waiting of late) waiting.explainedMs = now
    return late.map(({ place }) => place)
  }

  close(): void {
    for (const cancel of this.#later.values()) cancel()
    this.#later.clear()
    this.#placing.clear()
    this.#waiting.clear()
    this.#needs = NO_RESOURCES
  }

  #add(waiting: Waiting): void {
    const { place } = waiting
    this.#waiting.set(place.request.taskId, waiting)
    this.#needs = sum(this.#needs, place.needs)
  }

  #take(taskId: string): Waiting | undefined {
    const waiting = this.#waiting.get(taskId)
    if (waiting === undefined) return undefined
    this.#waiting.delete(taskId)
    this.#needs = difference(this.#needs, waiting.place.needs)
    return waiting
  }
}
