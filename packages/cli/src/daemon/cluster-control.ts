import { join } from 'node:path'
import {
  type Clock,
  type Configuration,
  EnvOptions,
  HighAvailabilityOptions,
  type HostLine,
  IllegalConfigurationError,
  isHighlyAvailable,
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

const JOB_MANAGER = { what: 'JobManager', script: 'jobmanager.sh' }
const TASK_MANAGER = { what: 'TaskManager', script: 'taskmanager.sh' }

export interface ClusterControlOptions {
  readonly settings: DaemonSettings
  readonly configuration: Configuration
  readonly terminal: Terminal
  readonly clock: Clock
  /** Folder of the scripts; the same on every host. */
  readonly binDir: string
}

/**
 * Starts and stops a whole standalone cluster: one JobManager here, or with high availability one for each line of
 * `conf/masters`, and a TaskManager for each line of `conf/workers`, on other hosts by ssh.
 */
export class ClusterControl {
  readonly #options: ClusterControlOptions

  constructor(options: ClusterControlOptions) {
    this.#options = options
  }

  /** @returns the exit code: 0 if every process is ready */
  async start(): Promise<number> {
    this.#options.terminal.out('Starting cluster.')
    const [masters, workers] = await Promise.all([this.#masters(), this.#workers()])
    // Before all others, which have to find the same one.
    const { configuration: loaded, settings } = this.#options
    const secret = readOrCreateClusterSecret(clusterSecretPath(loaded, settings.configDir))
    // Together: a TaskManager that is there first looks for its JobManager again and again.
    const isLocal = workers.every(isLocalHost)
    const [jobManagers, taskManagers] = await Promise.all([
      this.#startJobManagers(masters, secret),
      isLocal
        ? this.#control('taskexecutor').start([], workers.length)
        : this.#onEach(workers, TASK_MANAGER, 'start', secret),
    ])
    const code = Math.max(jobManagers, taskManagers)
    if (jobManagers !== 0 && taskManagers === 0 && masters === undefined) {
      // Without their JobManager they would join whatever listens in its place.
      if (isLocal) for (const _worker of workers) await this.#control('taskexecutor').stop()
      else await this.#onEach(workers, TASK_MANAGER, 'stop')
    }
    if (code === 0) this.#options.terminal.out(`The cluster runs. REST: ${this.#restOf(masters)}`)
    return code
  }

  /** TaskManagers first, then the JobManagers. */
  async stop(): Promise<number> {
    const [masters, workers] = await Promise.all([this.#masters(), this.#workers()])
    const taskManagers = workers.every(isLocalHost)
      ? await this.#control('taskexecutor').stopAll()
      : await this.#onEach(workers, TASK_MANAGER, 'stop')
    const hosts = masters?.map(({ host }) => host) ?? []
    const jobManagers = hosts.every(isLocalHost)
      ? await this.#control('standalonesession').stopAll()
      : await this.#onEach(hosts, JOB_MANAGER, 'stop')
    if (masters !== undefined) {
      const { configuration, terminal } = this.#options
      const clusterId = configuration.get(HighAvailabilityOptions.HA_CLUSTER_ID)
      terminal.out(
        `Jobs that had not ended are kept for the next start. "flink ha list" shows them, "flink ha remove ${clusterId}" gives them up.`,
      )
    }
    return Math.max(taskManagers, jobManagers)
  }

  /** Undefined without high availability: one JobManager, here. */
  async #masters(): Promise<HostLine[] | undefined> {
    const { configuration, settings } = this.#options
    if (!isHighlyAvailable(configuration)) return undefined
    const file = join(settings.configDir, 'masters')
    const masters = await readHostsFile(file)
    if (masters.length > 0) return masters
    throw new IllegalConfigurationError(
      `There is no JobManager in ${file}: write a line host:webuiport for each`,
    )
  }

  #startJobManagers(masters: HostLine[] | undefined, secret: ClusterSecret): Promise<number> {
    if (masters === undefined) return this.#control('standalonesession').start([])
    if (masters.every(({ host }) => isLocalHost(host))) {
      return this.#control('standalonesession').startEach(masters.map(masterArguments))
    }
    const hosts = masters.map(({ host }) => host)
    return this.#onEach(hosts, JOB_MANAGER, 'start', secret, (index) => {
      const { host, webPort = 0 } = masters[index]!
      return [host, String(webPort)]
    })
  }

  #restOf(masters: HostLine[] | undefined): string {
    const { configuration } = this.#options
    if (masters !== undefined) {
      return masters
        .map(({ host, webPort }) => (webPort ? `http://${host}:${webPort}` : `${host}, any port`))
        .join(', ')
    }
    const host = configuration.get(RestOptions.ADDRESS) ?? 'localhost'
    return `http://${host}:${configuration.get(RestOptions.PORT)}`
  }

  async #workers(): Promise<string[]> {
    const lines = await readHostsFile(join(this.#options.settings.configDir, 'workers'))
    return lines.map(({ host }) => host)
  }

  #control(daemon: DaemonName): DaemonControl {
    return new DaemonControl({ daemon, ...this.#options })
  }

  /** @param secret goes to the other hosts through ssh's standard input: command lines are for everybody to see */
  async #onEach(
    hosts: readonly string[],
    { what, script }: { readonly what: string; readonly script: string },
    verb: 'start' | 'stop',
    secret?: ClusterSecret,
    argsOf: (index: number) => readonly string[] = () => [],
  ): Promise<number> {
    const { configuration, settings, binDir, terminal } = this.#options
    const words =
      settings.environment['FLINK_SSH_OPTS'] ?? configuration.get(EnvOptions.SSH_OPTS) ?? ''
    const codes = await Promise.all(
      hosts.map(async (host, index) => {
        const code = await runOverSsh({
          host,
          script: join(binDir, script),
          args: [verb, ...argsOf(index), ...(secret === undefined ? [] : [SECRET_FROM_STDIN])],
          ...(secret === undefined ? {} : { input: secret.fileText() }),
          sshOptions: words.split(/\s+/).filter((word) => word !== ''),
        })
        if (code !== 0)
          terminal.err(`Could not ${verb} a ${what} on ${host}: ssh ended with ${code}`)
        return code
      }),
    )
    return codes.every((code) => code === 0) ? 0 : 1
  }
}

/** What `jobmanager.sh start HOST WEBUIPORT` hands on. */
function masterArguments({ host, webPort = 0 }: HostLine): string[] {
  return ['-D', `jobmanager.rpc.address=${host}`, '-D', `rest.port=${webPort}`]
}
