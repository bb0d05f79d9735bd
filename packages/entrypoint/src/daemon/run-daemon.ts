import {
  ClusterOptions,
  FLINK_TS_VERSION,
  FlinkError,
  formatDuration,
  type Logger,
  renderErrorChain,
  SystemClock,
  SystemRandom,
  userMessage,
} from '@flink-ts/core'
import type { CloseableLogger } from '@flink-ts/core/logging'
import type { ContainerEnvironment } from '@flink-ts/runtime'
import type { DaemonDefinition, RunningDaemon } from './daemon.js'
import { openDaemonLog } from './daemon-log.js'
import { type DaemonConfiguration, loadDaemonConfiguration } from './load-daemon-configuration.js'
import { ProcessFolder, processFolderParent } from './process-folder.js'
import { reportToStarter } from './starter-report.js'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** How long the shutdown waits for what must be done first; a container may be killed 250 ms after its signal. */
const FIRST_PATIENCE_MS = 200
/** Exit code after a start that failed. */
const START_FAILED = 1

/**
 * Runs a daemon in this process until a signal, an error that it does not survive, or its own wish ends it; tells
 * whoever started the process whether it is ready.
 */
export async function runDaemon(definition: DaemonDefinition): Promise<void> {
  await new DaemonProcess(definition).run()
}

class DaemonProcess {
  readonly #definition: DaemonDefinition
  readonly #clock = new SystemClock()
  readonly #random = new SystemRandom()
  #logFile: CloseableLogger | undefined
  #log: Logger | undefined
  #folder: ProcessFolder | undefined
  #running: RunningDaemon | undefined
  #shutdownTimeoutMs = ClusterOptions.CLUSTER_SERVICES_SHUTDOWN_TIMEOUT.defaultValue
  #container: ContainerEnvironment | undefined
  /** Whether somebody at a console is told what the log says only in passing. */
  #isWatched = false
  #isReady = false
  #isEnding = false
  #exitCode = 0

  constructor(definition: DaemonDefinition) {
    this.#definition = definition
  }

  async run(): Promise<void> {
    // Both end the process: nobody knows in what state the daemon is after an error that nobody caught.
    process.on('uncaughtException', (error) => this.#fail(error))
    process.on('unhandledRejection', (error) => this.#fail(error))
    for (const signal of SIGNALS) process.on(signal, () => this.#onSignal(signal))
    try {
      await this.#start()
    } catch (error) {
      await this.#startFailed(error)
    }
  }

  async #start(): Promise<void> {
    const { kind, name, ownOptions } = this.#definition
    const loaded = await loadDaemonConfiguration(
      process.argv.slice(2),
      process.env,
      ownOptions ?? [],
      { kind, clock: this.#clock, random: this.#random },
    )
    const { configuration, container } = loaded
    this.#container = container
    this.#shutdownTimeoutMs = configuration.get(ClusterOptions.CLUSTER_SERVICES_SHUTDOWN_TIMEOUT)
    this.#isWatched = loaded.console !== undefined
    const log = await openDaemonLog(configuration, process.env, {
      containerLogFile: container?.logFile,
      console: loaded.console === 'log',
    })
    this.#logFile = log
    this.#log = log.child({ component: name })
    logStart(this.#log, name, loaded)
    const parent = processFolderParent(configuration, kind)
    const folder = new ProcessFolder({ parent, kind, random: this.#random, log })
    this.#folder = folder
    process.once('exit', () => folder.remove())
    const running = await this.#definition.start({
      configuration,
      clock: this.#clock,
      random: this.#random,
      log,
      folder: folder.path,
      onFatalError: (error) => this.#fail(error),
      shutDown: (reason, exitCode) => this.#shutDown(reason, exitCode),
      options: loaded.options,
      programArguments: loaded.programArguments,
      ...(loaded.secret === undefined ? {} : { secret: loaded.secret }),
      ...(this.#isWatched ? { tell } : {}),
    })
    this.#running = running
    // A signal during the start has waited for this.
    if (this.#isEnding) return void (await this.#end(this.#exitCode))
    this.#isReady = true
    this.#log.info(`${name} is ready`, { afterMs: Math.round(performance.now()) })
    await reportToStarter({ type: 'ready' })
  }

  async #startFailed(error: unknown): Promise<void> {
    const text = `Could not start the ${this.#definition.name}: ${userMessage(error)}`
    // Where in our code a port turned out to be taken helps nobody; where an assertion failed does.
    const fields = FlinkError.is(error) ? {} : { error }
    this.#log?.error(text, fields)
    // Of a container the cluster manager shows what it said last.
    if (this.#log === undefined || this.#container !== undefined || this.#isWatched) {
      process.stderr.write(`${FlinkError.is(error) ? text : renderErrorChain(error)}\n`)
    }
    await reportToStarter({ type: 'failed', message: userMessage(error) })
    await this.#exit(START_FAILED)
  }

  #onSignal(signal: string): void {
    const first = this.#isEnding ? undefined : this.#container?.onTerminationSignal
    const reason = `received ${signal}`
    if (first === undefined || this.#log === undefined) {
      this.#shutDown(reason)
      return
    }
    // A shutdown beside it would take the processor away, and there may be no time for both.
    this.#clock.schedule(FIRST_PATIENCE_MS, () => this.#shutDown(reason))
    first(this.#log).then(
      () => this.#shutDown(reason),
      (error) => this.#fail(error),
    )
  }

  #shutDown(reason: string, exitCode = 0): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#exitCode = exitCode
    this.#log?.info(`${this.#definition.name} shuts down`, { reason })
    if (this.#isWatched) tell(`${this.#definition.name} shuts down: ${reason}`)
    if (this.#isReady) void this.#end(exitCode)
    else this.#clock.schedule(this.#shutdownTimeoutMs, () => void this.#exit(exitCode))
  }

  #fail(error: unknown): void {
    const { name, fatalExitCode } = this.#definition
    if (this.#log !== undefined) this.#log.error(`Fatal error: the ${name} ends`, { error })
    if (this.#log === undefined || (this.#isWatched && this.#isReady)) {
      const text = this.#isWatched ? userMessage(error) : renderErrorChain(error)
      process.stderr.write(`Fatal error: ${text}\n`)
    }
    if (this.#isEnding) return
    this.#isEnding = true
    if (this.#isReady) void this.#end(fatalExitCode)
    else void this.#startFailed(error)
  }

  async #end(exitCode: number): Promise<void> {
    const { name } = this.#definition
    this.#clock.schedule(this.#shutdownTimeoutMs, () => {
      const limit = formatDuration(this.#shutdownTimeoutMs)
      this.#log?.warn(`${name} did not shut down within ${limit}; it ends all the same`)
      void this.#exit(exitCode)
    })
    try {
      await this.#running?.close()
      this.#log?.info(`${name} has shut down`, { exitCode })
    } catch (error) {
      this.#log?.error(`${name} did not shut down in good order`, { error })
    }
    await this.#exit(exitCode)
  }

  async #exit(exitCode: number): Promise<void> {
    this.#folder?.remove()
    await this.#logFile?.close()
    // Node waits for all threads, and one may be inside of a call that takes hours.
    if (this.#running?.hasStuckThreads) process.kill(process.pid, 'SIGKILL')
    process.exit(exitCode)
  }
}

/** To the person at the console. */
function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}

function logStart(log: Logger, name: string, loaded: DaemonConfiguration): void {
  const { configuration, file, warnings, notices } = loaded
  log.info(`Starting ${name}`, {
    version: FLINK_TS_VERSION,
    node: process.version,
    pid: process.pid,
    configuration: file,
  })
  for (const [key, value] of Object.entries(configuration.toDisplayMap())) {
    log.info('Configuration', { [key]: value })
  }
  for (const warning of warnings) log.warn(warning)
  for (const { severity, message } of notices) {
    if (severity === 'warning') log.warn(message)
    else log.info(message)
  }
}
