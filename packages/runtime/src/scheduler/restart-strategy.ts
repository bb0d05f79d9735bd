import {
  CheckpointingOptions,
  type Clock,
  type Configuration,
  INFINITE_INT,
  type Random,
  RestartStrategyOptions,
} from '@flink-ts/core'

/** Whether and when a failed job starts again. Told of every failure in order. */
export interface RestartStrategy {
  /** As Flink prints it in failure messages, such as `NoRestartBackoffTimeStrategy`. */
  readonly name: string
  /** For people, as REST shows it. */
  readonly description: string
  /** Asked after {@link notifyFailure}. */
  canRestart(): boolean
  /** Milliseconds until the restart. */
  backoffMs(): number
  notifyFailure(): void
}

/**
 * The strategy that `configuration` (the job's over that of the cluster) names. Unless set: exponential
 * delay for a job with checkpoints, else none.
 */
export function createRestartStrategy(
  configuration: Configuration,
  world: { clock: Clock; random: Random },
): RestartStrategy {
  const options = RestartStrategyOptions
  const type =
    configuration.get(options.RESTART_STRATEGY) ??
    (hasCheckpoints(configuration) ? 'exponential-delay' : 'none')
  switch (type) {
    case 'none':
    case 'off':
    case 'disable':
      return noRestart
    case 'fixed-delay':
    case 'fixeddelay':
      return new FixedDelayRestartStrategy(
        configuration.get(options.FIXED_DELAY_ATTEMPTS),
        configuration.get(options.FIXED_DELAY_DELAY),
      )
    case 'failure-rate':
    case 'failurerate':
      return new FailureRateRestartStrategy(
        {
          maxFailures: configuration.get(options.FAILURE_RATE_MAX_FAILURES_PER_INTERVAL),
          intervalMs: configuration.get(options.FAILURE_RATE_INTERVAL),
          delayMs: configuration.get(options.FAILURE_RATE_DELAY),
        },
        world.clock,
      )
    case 'exponential-delay':
    case 'exponentialdelay':
      return new ExponentialDelayRestartStrategy(
        {
          initialMs: configuration.get(options.EXPONENTIAL_DELAY_INITIAL_BACKOFF),
          maxMs: configuration.get(options.EXPONENTIAL_DELAY_MAX_BACKOFF),
          multiplier: configuration.get(options.EXPONENTIAL_DELAY_BACKOFF_MULTIPLIER),
          resetThresholdMs: configuration.get(options.EXPONENTIAL_DELAY_RESET_BACKOFF_THRESHOLD),
          jitterFactor: configuration.get(options.EXPONENTIAL_DELAY_JITTER_FACTOR),
          maxAttempts: configuration.get(options.EXPONENTIAL_DELAY_ATTEMPTS),
        },
        world,
      )
  }
}

function hasCheckpoints(configuration: Configuration): boolean {
  return (configuration.get(CheckpointingOptions.INTERVAL) ?? 0) > 0
}

const noRestart: RestartStrategy = {
  name: 'NoRestartBackoffTimeStrategy',
  description: 'Restart deactivated.',
  canRestart: () => false,
  backoffMs: () => 0,
  notifyFailure() {},
}

class FixedDelayRestartStrategy implements RestartStrategy {
  readonly name: string
  readonly description: string
  readonly #attempts: number
  readonly #delayMs: number
  #failures = 0

  constructor(attempts: number, delayMs: number) {
    this.#attempts = attempts
    this.#delayMs = delayMs
    this.name = `FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=${attempts}, backoffTimeMS=${delayMs})`
    this.description = `Restart with fixed delay (${delayMs} ms). #${attempts} restart attempts.`
  }

  canRestart(): boolean {
    return this.#failures <= this.#attempts
  }

  backoffMs(): number {
    return this.#delayMs
  }

  notifyFailure(): void {
    this.#failures++
  }
}

class FailureRateRestartStrategy implements RestartStrategy {
  readonly name: string
  readonly description: string
  readonly #settings: { maxFailures: number; intervalMs: number; delayMs: number }
  readonly #clock: Clock
  #failures: number[] = []

  constructor(
    settings: { maxFailures: number; intervalMs: number; delayMs: number },
    clock: Clock,
  ) {
    const { maxFailures, intervalMs, delayMs } = settings
    this.#settings = settings
    this.#clock = clock
    this.name = `FailureRateRestartBackoffTimeStrategy(failuresIntervalMS=${intervalMs},backoffTimeMS=${delayMs},maxFailuresPerInterval=${maxFailures})`
    this.description = `Failure rate restart with maximum of ${maxFailures} failures within interval ${intervalMs} ms and fixed delay ${delayMs} ms.`
  }

  // As in Flink the failure that reaches the maximum is the first that may not restart.
  canRestart(): boolean {
    const since = this.#clock.monotonicNow() - this.#settings.intervalMs
    return this.#failures.filter((at) => at >= since).length <= this.#settings.maxFailures
  }

  backoffMs(): number {
    return this.#settings.delayMs
  }

  notifyFailure(): void {
    this.#failures.push(this.#clock.monotonicNow())
    if (this.#failures.length > this.#settings.maxFailures + 1) this.#failures.shift()
  }
}

interface ExponentialDelaySettings {
  readonly initialMs: number
  readonly maxMs: number
  readonly multiplier: number
  readonly resetThresholdMs: number
  readonly jitterFactor: number
  readonly maxAttempts: number
}

class ExponentialDelayRestartStrategy implements RestartStrategy {
  readonly name: string
  readonly description: string
  readonly #settings: ExponentialDelaySettings
  readonly #clock: Clock
  readonly #random: Random
  #attempts = 0
  #backoffMs = 0
  #nextRestart = Number.NEGATIVE_INFINITY

  constructor(settings: ExponentialDelaySettings, world: { clock: Clock; random: Random }) {
    this.#settings = settings
    this.#clock = world.clock
    this.#random = world.random
    const { initialMs, maxMs, multiplier, resetThresholdMs, jitterFactor, maxAttempts } = settings
    this.name = `ExponentialDelayRestartBackoffTimeStrategy(initialBackoffMS=${initialMs}, maxBackoffMS=${maxMs}, backoffMultiplier=${multiplier}, resetBackoffThresholdMS=${resetThresholdMs}, jitterFactor=${jitterFactor}, attemptsBeforeResetBackoff=${maxAttempts === INFINITE_INT ? 'unlimited' : maxAttempts})`
    this.description = `Restart with exponential delay: starting at ${initialMs} ms, increasing by ${multiplier}, with maximum ${maxMs} ms. Delay resets after ${resetThresholdMs} ms with jitter ${jitterFactor}`
  }

  canRestart(): boolean {
    return this.#attempts <= this.#settings.maxAttempts
  }

  backoffMs(): number {
    return Math.max(0, this.#nextRestart - this.#clock.monotonicNow())
  }

  // Failures that come while a restart is pending belong to the same attempt.
  notifyFailure(): void {
    const { initialMs, maxMs, multiplier, resetThresholdMs, jitterFactor } = this.#settings
    const now = this.#clock.monotonicNow()
    if (now < this.#nextRestart) return
    const quiet = now - this.#nextRestart >= resetThresholdMs
    this.#attempts = quiet ? 1 : this.#attempts + 1
    const wanted = this.#attempts === 1 ? initialMs : Math.min(maxMs, this.#backoffMs * multiplier)
    this.#backoffMs = wanted
    const jitter = wanted * jitterFactor * (2 * this.#random.next() - 1)
    this.#nextRestart = now + Math.min(maxMs, Math.max(initialMs, wanted + jitter))
  }
}
