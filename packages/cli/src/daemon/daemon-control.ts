import { type Clock, userMessage } from '@flink-ts/core'
import type { Terminal } from '../terminal/terminal.js'
import {
  type DaemonLaunch,
  daemonCommand,
  isDaemonAlive,
  type StartOutcome,
  spawnDaemon,
} from './daemon-process.js'
import type { DaemonName, DaemonSettings } from './daemon-settings.js'
import { logFilesOf, prepareLogFiles } from './log-files.js'
import { PidFile } from './pid-file.js'

const STOP_PATIENCE_MS = 10_000
const STOP_POLL_MS = 20

/** Starts and stops the daemons of one kind on this host, remembered in a pid file. */
export class DaemonControl {
  readonly #daemon: DaemonName
  readonly #settings: DaemonSettings
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #pidFile: PidFile
  readonly #launch: (args: readonly string[]) => DaemonLaunch

  constructor(options: {
    daemon: DaemonName
    settings: DaemonSettings
    terminal: Terminal
    clock: Clock
    /** Default: a main of this Node.js. */
    launch?: (args: readonly string[]) => DaemonLaunch
  }) {
    this.#daemon = options.daemon
    this.#settings = options.settings
    this.#terminal = options.terminal
    this.#clock = options.clock
    this.#launch =
      options.launch ?? ((args) => ({ words: daemonCommand(this.#daemon, this.#settings, args) }))
    this.#pidFile = new PidFile({
      ...options.settings,
      daemon: options.daemon,
      clock: options.clock,
    })
  }

  /**
   * Starts `count` daemons at once; resolves when all are ready or have failed.
   *
   * @returns the exit code: 0 if all are ready. What does not run is not remembered.
   */
  start(args: readonly string[], count = 1): Promise<number> {
    return this.startEach(Array.from({ length: count }, () => args))
  }

  /** Starts a daemon for each list of arguments, as {@link start} does. */
  startEach(argsOfEach: readonly (readonly string[])[]): Promise<number> {
    const { hostName } = this.#settings
    return this.#pidFile.locked(async () => {
      const earlier = this.#pidFile.read()
      // A daemon's place in the list is the number of its log files: the dead keep theirs while others follow.
      while (earlier.length > 0 && !this.#isAlive(earlier.at(-1)!)) earlier.pop()
      const alive = earlier.filter((pid) => this.#isAlive(pid)).length
      if (alive > 0) {
        this.#terminal.out(
          `[INFO] ${alive} instance(s) of ${this.#daemon} are already running on ${hostName}.`,
        )
      }
      const outcomes = await Promise.all(
        argsOfEach.map((args, n) => this.#startOne(earlier.length + n, args)),
      )
      const pids = outcomes.flatMap(({ pid }) => pid ?? [])
      this.#pidFile.write([...earlier, ...pids])
      for (const outcome of outcomes) {
        if (outcome.kind === 'failed') {
          this.#terminal.err(`Could not start ${this.#daemon} on ${hostName}. ${outcome.message}`)
        }
      }
      return outcomes.every(({ kind }) => kind === 'ready') ? 0 : 1
    })
  }

  async #startOne(index: number, args: readonly string[]): Promise<StartOutcome> {
    const [daemon, settings, clock] = [this.#daemon, this.#settings, this.#clock]
    this.#terminal.out(`Starting ${daemon} daemon on host ${settings.hostName}.`)
    try {
      const launch = this.#launch(args)
      const files = logFilesOf(settings, daemon, index)
      prepareLogFiles(settings, files)
      // What the program of an application names is looked for where it was started.
      const workingDirectory = daemon === 'standalonejob' ? process.cwd() : undefined
      return await spawnDaemon({ launch, settings, files, clock, workingDirectory })
    } catch (error) {
      // Those that start beside it have to be remembered all the same.
      return { kind: 'failed', message: userMessage(error) }
    }
  }

  /** Stops the daemon that was started last. */
  stop(): Promise<number> {
    return this.#pidFile.locked(async () => {
      const pids = this.#pidFile.read()
      const last = pids.pop()
      if (last === undefined) {
        this.#terminal.out(`No ${this.#daemon} daemon to stop on host ${this.#settings.hostName}.`)
        return 0
      }
      await this.#end(last)
      this.#pidFile.write(pids)
      return 0
    })
  }

  /** Stops all daemons of this kind. */
  stopAll(): Promise<number> {
    return this.#pidFile.locked(async () => {
      const pids = this.#pidFile.read()
      if (pids.length === 0) {
        this.#terminal.out(`No ${this.#daemon} daemon to stop on host ${this.#settings.hostName}.`)
      }
      await Promise.all(pids.reverse().map((pid) => this.#end(pid)))
      this.#pidFile.write([])
      return 0
    })
  }

  #isAlive(pid: number): boolean {
    return isDaemonAlive(pid, this.#daemon)
  }

  async #end(pid: number): Promise<void> {
    const { hostName } = this.#settings
    if (!this.#isAlive(pid)) {
      this.#terminal.out(
        `No ${this.#daemon} daemon (pid: ${pid}) is running anymore on ${hostName}.`,
      )
      return
    }
    this.#terminal.out(`Stopping ${this.#daemon} daemon (pid: ${pid}) on host ${hostName}.`)
    signal(pid, 'SIGTERM')
    if (await this.#hasEnded(pid)) return
    this.#terminal.out(
      `Daemon ${this.#daemon} didn't stop within ${STOP_PATIENCE_MS / 1000} seconds. Killing it.`,
    )
    signal(pid, 'SIGKILL')
    await this.#hasEnded(pid)
  }

  /** Waits for the end of a process, but not for ever. */
  async #hasEnded(pid: number): Promise<boolean> {
    const untilMs = this.#clock.monotonicNow() + STOP_PATIENCE_MS
    while (this.#isAlive(pid)) {
      if (this.#clock.monotonicNow() > untilMs) return false
      await new Promise<void>((resolve) => this.#clock.schedule(STOP_POLL_MS, resolve))
    }
    return true
  }
}

/** A process that has just ended by itself needs no signal. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
