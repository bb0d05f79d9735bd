import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Command, type CommandResult } from '../support/command.js'
import { userEnvironment, writeFlinkConfiguration } from '../support/flink-configuration.js'
import { PROJECT_FOLDER } from '../support/test-cluster.js'

/** What a cluster under faults has in files: its configuration, its logs, and scripts of `bin/` that run with them. */
export class ClusterFolder {
  readonly path: string
  readonly confDir: string
  readonly logDir: string
  /** For temporary files of its processes. */
  readonly tmpDir: string
  readonly #environment: NodeJS.ProcessEnv
  #isClosed = false

  /** @param environment more variables of all processes */
  constructor(path: string, environment: NodeJS.ProcessEnv = {}) {
    this.path = path
    this.confDir = join(path, 'conf')
    this.logDir = join(path, 'log')
    this.tmpDir = join(path, 'tmp')
    for (const each of [this.confDir, this.logDir, this.tmpDir]) {
      mkdirSync(each, { recursive: true })
    }
    this.#environment = userEnvironment({
      FLINK_CONF_DIR: this.confDir,
      FLINK_LOG_DIR: this.logDir,
      ...environment,
    })
  }

  /** Writes the configuration, over sizes that suit small machines. */
  configure(configuration: Readonly<Record<string, string | number>>): void {
    writeFlinkConfiguration(this.confDir, {
      'jobmanager.memory.process.size': '1600m',
      'taskmanager.memory.process.size': '1728m',
      ...configuration,
    })
  }

  /** Starts a script of `bin/`. @throws Error after {@link close} */
  command(script: string, words: readonly string[]): Command {
    if (this.#isClosed) throw new Error(`${script} is not started: the cluster is closed`)
    return new Command(join(PROJECT_FOLDER, 'bin', script), words, {
      cwd: this.path,
      environment: this.#environment,
    })
  }

  /** Runs `flink` to its end. */
  flink(...words: string[]): Promise<CommandResult> {
    return this.command('flink', words).result()
  }

  /** Nothing is started any more. */
  close(): void {
    this.#isClosed = true
  }
}
