import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { Configuration, type Logger, noopLogger, SeededRandom, SystemClock } from '@flink-ts/core'
import { InMemoryCoordination, InMemoryHighAvailability } from '@flink-ts/runtime'
import type { Test } from 'tap'
import type { DaemonContext, RunningDaemon } from '../../dist/daemon/daemon.js'

/** Generous: a machine may be busy with other things. */
const DEADLINE_MS = 60_000

/** What tells JobManagers of different kinds apart. */
export interface JobManagerKind {
  start(context: DaemonContext): Promise<RunningDaemon>
  readonly options: DaemonContext['options']
  /** More of the configuration, or other values. */
  readonly configuration?: Readonly<Record<string, string>>
}

/** One of several JobManagers, and all that it has told. */
export interface TestJobManager {
  readonly daemon: RunningDaemon
  /** As `<exit code>: <reason>`. */
  readonly ends: readonly string[]
  readonly fatal: readonly unknown[]
  readonly logged: readonly string[]
  /** Asks its REST API. */
  get(path: string): Promise<Response>
  cancel(jobId: string): Promise<Response>
}

/** JobManagers of one cluster in this process, without TaskManagers: jobs wait for slots. What they share is in memory. */
export class JobManagers {
  /** Of the test. */
  readonly folder: string
  readonly coordination: InMemoryCoordination
  readonly #clock = new SystemClock()
  readonly #random = new SeededRandom(1)
  readonly #daemons: RunningDaemon[] = []

  constructor(t: Test) {
    this.folder = t.testdir()
    this.coordination = new InMemoryCoordination({
      clock: this.#clock,
      random: this.#random,
      log: noopLogger,
    })
    t.teardown(async () => {
      await Promise.all(this.#daemons.map((daemon) => daemon.close()))
      this.coordination.close()
    })
  }

  async start(name: string, kind: JobManagerKind): Promise<TestJobManager> {
    const ends: string[] = []
    const fatal: unknown[] = []
    const logged: string[] = []
    let restPort: unknown
    const log: Logger = {
      ...noopLogger,
      child: () => log,
      info: (message, fields) => {
        logged.push(message)
        if (message === 'Rest endpoint listening') restPort = fields?.['port']
      },
    }
    const own = join(this.folder, name)
    mkdirSync(own)
    const daemon = await kind.start({
      configuration: Configuration.fromMap({
        'jobmanager.rpc.address': 'localhost',
        'jobmanager.rpc.port': '0',
        'rest.port': '0',
        'jobmanager.memory.process.size': '1600m',
        'high-availability.type': 'in memory',
        'security.cluster.secret-file': join(this.folder, 'secret'),
        ...kind.configuration,
      }),
      clock: this.#clock,
      random: this.#random,
      log,
      folder: own,
      highAvailability: new InMemoryHighAvailability({
        client: name,
        log: noopLogger,
        coordination: this.coordination,
      }),
      onFatalError: (error) => void fatal.push(error),
      shutDown: (reason, exitCode) => void ends.push(`${exitCode}: ${reason}`),
      options: kind.options,
      programArguments: [],
    })
    this.#daemons.push(daemon)
    const url = (path: string) => `http://127.0.0.1:${restPort}${path}`
    return {
      ...{ daemon, ends, fatal, logged },
      get: (path) => fetch(url(path)),
      cancel: (jobId) => fetch(url(`/jobs/${jobId}`), { method: 'PATCH' }),
    }
  }

  /** Waits until it is so. @throws Error when that takes too long */
  readonly until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    for (const untilMs = this.#clock.monotonicNow() + DEADLINE_MS; !(await isSo()); await turn()) {
      if (this.#clock.monotonicNow() > untilMs) throw new Error(`never: ${what}`)
    }
  }
}
