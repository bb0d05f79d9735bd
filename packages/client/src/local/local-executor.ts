import { constants } from 'node:os'
import { type Configuration, HeartbeatManagerOptions, RpcOptions } from '@flink-ts/core'
import type { ProgramContext, RecordedJob, SubmittedJob } from '@flink-ts/runtime'
import { interruptibleDefer } from './interruptible-defer.js'
import { LocalJob } from './local-job.js'
import { configureLocalSlots } from './local-slots.js'
import { MiniCluster } from './mini-cluster.js'
import type { MiniClusterWorld } from './mini-cluster-options.js'

export interface LocalExecutorOptions extends Partial<MiniClusterWorld> {
  readonly configuration: Configuration
}

/** Tasks share the thread with everything else: a function that takes long must not look like a lost peer. */
const PATIENCE_MS = 0x7fff_ffff
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** How long an interrupted job may take to end. */
const INTERRUPT_PATIENCE_MS = 5_000

/**
 * Runs the jobs of a program in its own process, each in a {@link MiniCluster} with as many slots as it needs, which
 * is closed when its job has ended. While jobs run, SIGINT and SIGTERM cancel them and end the process.
 */
export class LocalExecutor implements ProgramContext {
  readonly mode = 'submission'
  readonly configuration: Configuration
  readonly #options: LocalExecutorOptions
  readonly #running = new Set<Promise<LocalJob>>()
  readonly #onSignal = (signal: NodeJS.Signals) => void this.#interrupt(signal)
  #isInterrupted = false

  constructor(options: LocalExecutorOptions) {
    this.#options = options
    this.configuration = options.configuration
  }

  async execute(recorded: RecordedJob): Promise<SubmittedJob> {
    const configuration = this.configuration.clone()
    for (const option of [HeartbeatManagerOptions.HEARTBEAT_TIMEOUT, RpcOptions.ASK_TIMEOUT]) {
      if (!configuration.contains(option)) configuration.set(option, PATIENCE_MS)
    }
    const slots = configureLocalSlots(configuration, recorded.jobGraph)
    const cluster = new MiniCluster({
      defer: interruptibleDefer(() => void this.#interrupt('SIGINT')),
      ...this.#options,
      configuration,
      numberOfTaskManagers: 1,
      numberOfTaskSlotsPerTaskManager: slots,
    })
    // Its tasks may run before the start has answered.
    const starting = LocalJob.start(cluster, recorded)
    this.#add(starting)
    return starting
  }

  async fromSubmission<T>(_name: string, fn: () => T | Promise<T>): Promise<T> {
    return fn()
  }

  #add(job: Promise<LocalJob>): void {
    if (this.#running.size === 0) for (const signal of SIGNALS) process.on(signal, this.#onSignal)
    this.#running.add(job)
    const remove = () => {
      this.#running.delete(job)
      if (this.#running.size > 0 || this.#isInterrupted) return
      for (const signal of SIGNALS) process.off(signal, this.#onSignal)
    }
    // Who called `execute` hears of a failed start.
    void job.then(({ ended }) => ended).then(remove, remove)
  }

  async #interrupt(signal: NodeJS.Signals): Promise<void> {
    const exit = () => process.exit(128 + constants.signals[signal])
    // Whoever asks twice does not want to wait.
    if (this.#isInterrupted) exit()
    this.#isInterrupted = true
    setTimeout(exit, INTERRUPT_PATIENCE_MS)
    await Promise.allSettled([...this.#running].map(async (job) => (await job).interrupt()))
    exit()
  }
}
