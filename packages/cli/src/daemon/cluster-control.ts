import { join } from 'node:path'
import {
  type Clock,
  type Configuration,
  EnvOptions,
  RestOptions,
  readHostsFile,
} from '@flink-ts/core'
import {
  type ClusterSecret,
  clusterSecretPath,
  readOrCreateClusterSecret,
} from '@flink-ts/core/security'
import type { Terminal } from '../terminal/terminal.js'
import { DaemonControl } from './daemon-control.js'
import type { DaemonName, DaemonSettings } from './daemon-settings.js'
import { SECRET_FROM_STDIN } from './received-secret.js'
import { isLocalHost, runOverSsh } from './remote-hosts.js'

export interface ClusterControlOptions {
  readonly settings: DaemonSettings
  readonly configuration: Configuration
  readonly terminal: Terminal
  readonly clock: Clock
  /** Folder of the scripts; the same on every host. */
  readonly binDir: string
}

/**
 * Starts and stops a whole standalone cluster: one JobManager here and a TaskManager for each line of
 * `conf/workers`, on other hosts by ssh.
 */
export class ClusterControl {
  readonly #options: ClusterControlOptions

  constructor(options: ClusterControlOptions) {
    this.#options = options
  }

  /** @returns the exit code: 0 if every process is ready */
  async start(): Promise<number> {
    this.#options.terminal.out('Starting cluster.')
    const workers = await this.#workers()
    // Before all others, which have to find the same one.
    const { configuration: loaded, settings } = this.#options
    const secret = readOrCreateClusterSecret(clusterSecretPath(loaded, settings.configDir))
    // Together: a TaskManager that is there first looks for its JobManager again and again.
    const isLocal = workers.every(isLocalHost)
    const [jobManager, taskManagers] = await Promise.all([
      this.#control('standalonesession').start([]),
      isLocal
        ? this.#control('taskexecutor').start([], workers.length)
        : this.#onAll(workers, 'start', secret),
    ])
    const code = Math.max(jobManager, taskManagers)
    if (jobManager !== 0 && taskManagers === 0) {
      // Without their JobManager they would join whatever listens in its place.
      if (isLocal) for (const _worker of workers) await this.#control('taskexecutor').stop()
      else await this.#onAll(workers, 'stop')
    }
    if (code === 0) {
      const { configuration, terminal } = this.#options
      const host = configuration.get(RestOptions.ADDRESS) ?? 'localhost'
      terminal.out(`The cluster runs. REST: http://${host}:${configuration.get(RestOptions.PORT)}`)
    }
    return code
  }

  /** TaskManagers first, then the JobManager. */
  async stop(): Promise<number> {
    const workers = await this.#workers()
    const taskManagers = workers.every(isLocalHost)
      ? await this.#control('taskexecutor').stopAll()
      : await this.#onAll(workers, 'stop')
    return Math.max(taskManagers, await this.#control('standalonesession').stopAll())
  }

  async #workers(): Promise<string[]> {
    const lines = await readHostsFile(join(this.#options.settings.configDir, 'workers'))
    return lines.map(({ host }) => host)
  }

  #control(daemon: DaemonName): DaemonControl {
    return new DaemonControl({ daemon, ...this.#options })
  }

  /** @param secret goes to the other hosts through ssh's standard input: command lines are for everybody to see */
  async #onAll(
    workers: readonly string[],
    verb: 'start' | 'stop',
    secret?: ClusterSecret,
  ): Promise<number> {
    const { configuration, settings, binDir, terminal } = this.#options
    const words =
      settings.environment['FLINK_SSH_OPTS'] ?? configuration.get(EnvOptions.SSH_OPTS) ?? ''
    const codes = await Promise.all(
      workers.map(async (host) => {
        const code = await runOverSsh({
          host,
          script: join(binDir, 'taskmanager.sh'),
          args: secret === undefined ? [verb] : [verb, SECRET_FROM_STDIN],
          ...(secret === undefined ? {} : { input: secret.fileText() }),
          sshOptions: words.split(/\s+/).filter((word) => word !== ''),
        })
        if (code !== 0)
          terminal.err(`Could not ${verb} a TaskManager on ${host}: ssh ended with ${code}`)
        return code
      }),
    )
    return codes.every((code) => code === 0) ? 0 : 1
  }
}
