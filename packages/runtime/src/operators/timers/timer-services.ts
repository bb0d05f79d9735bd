import type { KeyedStateBackend } from '@flink-ts/state'
import type { InternalTimerService, Triggerable } from './internal-timer-service.js'
import { KeyedTimerService } from './keyed-timer-service.js'
import type { ProcessingTimeService } from './processing-time-service.js'
import type { FiringTurns } from './watermark-progress.js'

/** What the timers of an operator are made with. */
export interface TimerServicesOptions {
  /** Of the operator, made when it is first needed. */
  readonly keyedState: () => KeyedStateBackend
  readonly processingTime: ProcessingTimeService
  /** Whether the operator's output can take more, as `Output.whenAvailable`; timers that are due wait for it. */
  readonly whenAvailable: () => Promise<void> | undefined
  /** How a watermark's timers fire in turns. Absent: in one go. */
  readonly turns?: FiringTurns | undefined
}

/** The timer services of one operator, by name. */
export class TimerServices {
  readonly #options: TimerServicesOptions
  readonly #services = new Map<string, KeyedTimerService<unknown>>()

  constructor(options: TimerServicesOptions) {
    this.#options = options
  }

  /** The service of this name; the first call makes it, with its restored timers. */
  service<N>(name: string, target: Triggerable<N>): InternalTimerService<N> {
    let service = this.#services.get(name)
    if (service === undefined) {
      const { keyedState, ...options } = this.#options
      service = new KeyedTimerService<unknown>(name, target as Triggerable<unknown>, {
        ...options,
        backend: keyedState(),
      })
      this.#services.set(name, service)
    }
    return service as InternalTimerService<N>
  }

  /** Resolves when timers of one watermark have fired that fire in turns; undefined: none is left. */
  whenFired(): Promise<void> | undefined {
    for (const service of this.#services.values()) {
      const fired = service.whenFired()
      if (fired !== undefined) return fired
    }
    return undefined
  }

  /** Fires what is left, in one go. */
  fireAll(): void {
    for (const service of this.#services.values()) service.fireAll()
  }
}
