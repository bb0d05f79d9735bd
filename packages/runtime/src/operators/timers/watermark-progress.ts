/** Timers that fire in one turn of the task; mails, and with unaligned checkpoints barriers, come between. */
export const TIMERS_PER_TURN = 512

/** How firing that takes long is cut into turns of the task. */
export interface FiringTurns {
  /** Runs the action in the task's thread, after what waits there. */
  readonly execute: (action: () => void, description: string) => void
  /** Undefined: the output can take more now. */
  readonly whenAvailable: () => Promise<void> | undefined
}

interface Advance {
  readonly timestampMs: number
  readonly then: () => void
}

/**
 * Brings the event time of timers forward: what is due fires, then the watermark goes on. In one go, or in turns; the task
 * processes nothing then until {@link whenDone}, so that records see no difference.
 */
export class WatermarkProgress {
  readonly #fireDue: (timestampMs: number, limit: number) => boolean
  readonly #turns: FiringTurns | undefined
  /** In the order of their watermarks; the first is being fired. */
  readonly #advances: Advance[] = []
  #done: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  /**
   * @param fireDue fires timers up to the timestamp, no more than `limit`; answers whether none is left
   * @param turns undefined: in one go
   */
  constructor(
    fireDue: (timestampMs: number, limit: number) => boolean,
    turns: FiringTurns | undefined,
  ) {
    this.#fireDue = fireDue
    this.#turns = turns
  }

  /** @param then called when all of it has fired, and all of earlier watermarks */
  advance(timestampMs: number, then: () => void): void {
    this.#advances.push({ timestampMs, then })
    if (this.#advances.length > 1) return
    if (this.#turns === undefined) this.finish()
    else this.#turn(this.#turns)
  }

  /** Resolves when nothing is left to fire; undefined: nothing is. */
  whenDone(): Promise<void> | undefined {
    if (this.#advances.length === 0) return undefined
    if (this.#done === undefined) {
      let resolve: () => void = () => {}
      const promise = new Promise<void>((resolved) => {
        resolve = resolved
      })
      this.#done = { promise, resolve }
    }
    return this.#done.promise
  }

  /** Fires what is left, in one go. */
  finish(): void {
    this.#fire(Number.POSITIVE_INFINITY)
  }

  #turn(turns: FiringTurns): void {
    if (this.#fire(TIMERS_PER_TURN)) return
    const goOn = () => turns.execute(() => this.#turn(turns), 'timers of a watermark')
    const available = turns.whenAvailable()
    if (available === undefined) goOn()
    else {
      available.then(goOn, (error: unknown) => {
        // In the task's turn, so that it fails.
        turns.execute(() => {
          throw error
        }, 'output of timers')
      })
    }
  }

  /** @returns whether nothing is left */
  #fire(limit: number): boolean {
    for (let next = this.#advances[0]; next !== undefined; next = this.#advances[0]) {
      if (!this.#fireDue(next.timestampMs, limit)) return false
      this.#advances.shift()
      next.then()
    }
    this.#done?.resolve()
    this.#done = undefined
    return true
  }
}
