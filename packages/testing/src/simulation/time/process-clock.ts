import type { CancelTimer, Clock } from '@flink-ts/core'

/**
 * The clock of one simulated process: its own wall-clock time over the common virtual time, and
 * timers that die with the process.
 */
export class ProcessClock implements Clock {
  readonly #time: Clock
  readonly #timers = new Map<CancelTimer, string>()
  /** Timers of the simulation itself, see {@link scheduleUntracked}. */
  readonly #untracked = new Set<CancelTimer>()
  #wallOffsetMs: number
  #pausedUntilMs = 0
  #killed = false

  /** @param wallOffsetMs wall-clock time of this process when virtual time is 0 */
  constructor(time: Clock, wallOffsetMs: number) {
    this.#time = time
    this.#wallOffsetMs = wallOffsetMs
  }

  now(): number {
    return Math.floor(this.#time.now() + this.#wallOffsetMs)
  }

  monotonicNow(): number {
    return this.#time.monotonicNow()
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    if (this.#killed) return () => {}
    let cancelEvent: CancelTimer
    const cancel = () => {
      this.#timers.delete(cancel)
      cancelEvent()
    }
    const fire = (): void => {
      const pauseMs = this.pauseMs
      if (pauseMs > 0) {
        cancelEvent = this.#time.schedule(pauseMs, fire)
        return
      }
      this.#timers.delete(cancel)
      action()
    }
    cancelEvent = this.#time.schedule(delayMs, fire)
    // The stack is empty unless the simulation keeps stacks, as a replay may.
    this.#timers.set(cancel, `${delayMs} ms${callerOf(new Error().stack)}`)
    return cancel
  }

  /** For the simulated machine (its processor, its kernel): dies with the process, but is no timer of it. */
  scheduleUntracked(delayMs: number, action: () => void): void {
    if (this.#killed) return
    const cancel = this.#time.schedule(delayMs + this.pauseMs, () => {
      this.#untracked.delete(cancel)
      action()
    })
    this.#untracked.add(cancel)
  }

  /** Sets the wall clock forward, or back if negative. Timers and monotonic time do not notice. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** The process stands still, as when it is swapped out: what falls due meanwhile happens after it. */
  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#time.monotonicNow() + forMs)
  }

  /** How much longer the process stands still; 0: it runs. */
  get pauseMs(): number {
    return Math.max(0, this.#pausedUntilMs - this.#time.monotonicNow())
  }

  /** What still waits for its time: a process that was closed in order must have nothing left. */
  get pendingTimers(): readonly string[] {
    return [...this.#timers.values()]
  }

  /** Cancels all timers; later ones never fire. */
  kill(): void {
    this.#killed = true
    for (const cancel of [...this.#timers.keys(), ...this.#untracked]) cancel()
    this.#untracked.clear()
  }
}

function callerOf(stack: string | undefined): string {
  const line = stack?.split('\n')[2]
  return line === undefined ? '' : ` ${line.trim()}`
}
