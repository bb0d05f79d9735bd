import assert from 'node:assert/strict'
import {
  type CancelTimer,
  ClusterOptions,
  Configuration,
  deriveTaskManagerMemory,
  type FileSystems,
  FlinkError,
  isHighlyAvailable,
  JobManagerOptions,
  type Logger,
  MesosOptions,
  nodeHeapFlags,
  parsePortRange,
  SecurityOptions,
  TaskManagerOptions,
} from '@flink-ts/core'
import { type ClusterSecret, loadInternalTls, readClusterSecret } from '@flink-ts/core/security'
import type { CommandUri, ContainerInfo, Offer } from '@flink-ts/mesos-client'
import type { WorkerResourceSpec } from '@flink-ts/runtime'
import type { Artifact } from '../artifacts/artifact.js'
import { ArtifactServer } from '../artifacts/artifact-server.js'
import type { LaunchSecrets } from '../artifacts/launch-secrets.js'
import { newTicket, ticketOfSecret } from '../artifacts/sealing.js'
import { ticketDesk } from '../artifacts/ticket-desk.js'
import { TicketOffice } from '../artifacts/ticket-office.js'
import { type AgentRuntime, NODE_FILE } from './agent-runtime.js'
import { clusterConfiguration } from './cluster-configuration.js'
import type { WorkerLauncherOptions } from './create-worker-launcher.js'
import { LaunchVariables } from './launch-environment.js'
import {
  checkLocalInstallation,
  type LocalInstallation,
  type LocalInstallationOptions,
  localInstallation,
} from './local-installation.js'
import { taskCommand } from './task-command.js'
import { taskContainer } from './task-container.js'
import type { LaunchedWorker, RunningWorkerLauncher, WorkerNeeds } from './worker-launcher.js'
import { workerNeeds } from './worker-needs.js'

/** The machine of the JobManager, as far as it is handed to tasks. */
export interface LauncherWorld {
  readonly files: FileSystems
  readonly flinkHome: string | undefined
  readonly nodeProgram: string
  /** In whose name tasks make files in Hadoop; undefined: whoever they run as. */
  readonly userName: string | undefined
}

const TASK_PATTERN = '_TASK_'
/** A start has better things to do; the first task may want it before. */
const PREPARE_AFTER_MS = 1_000

/** What there is while tasks can be launched. */
interface Serving {
  readonly server: ArtifactServer
  /** URL, without a slash at the end. */
  readonly base: string
  /** `host:port` of RPC. */
  readonly jobManager: string
  readonly runtime: AgentRuntime
  /** Begins to make what agents will fetch. Idempotent. */
  readonly prepare: () => void
  readonly cancelPreparing: CancelTimer
  readonly secret: ClusterSecret
}

/** See {@link createWorkerLauncher}. */
export class MesosWorkerLauncher implements RunningWorkerLauncher {
  readonly #options: WorkerLauncherOptions
  readonly #world: LauncherWorld
  readonly #log: Logger
  readonly #container: ContainerInfo | undefined
  readonly #tickets = new TicketOffice()
  /** What agents fetch does not change while the process runs. */
  #installation: Promise<LocalInstallation> | undefined
  #starting: Promise<Serving> | undefined
  #serving: Serving | undefined

  /** @throws IllegalConfigurationError */
  constructor(options: WorkerLauncherOptions, world: LauncherWorld) {
    this.#options = options
    this.#world = world
    this.#log = options.log.child({ component: 'ArtifactServer' })
    this.#container = taskContainer(options.configuration)
  }

  /**
   * Whether what tasks start with can be handed out; quick, for before a framework registers.
   *
   * @throws FlinkError FLINK_MESOS_CONFIGURATION with what to do
   */
  check(): Promise<void> {
    return checkLocalInstallation(this.#local)
  }

  async start(): Promise<void> {
    this.#starting ??= this.#serve()
    const starting = this.#starting
    try {
      const serving = await starting
      if (this.#starting === starting) this.#serving = serving
    } catch (error) {
      if (this.#starting === starting) this.#starting = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    const starting = this.#starting
    this.#starting = undefined
    this.#serving = undefined
    this.#tickets.revokeAll()
    // Whoever waits for the start is told if it fails.
    const serving = await starting?.catch(() => undefined)
    serving?.cancelPreparing()
    await serving?.server.close()
  }

  needsOf(spec: WorkerResourceSpec): WorkerNeeds {
    return workerNeeds(spec, this.#options.configuration)
  }

  launch(
    taskId: string,
    spec: WorkerResourceSpec,
    offer: Offer,
    ports: Readonly<Record<string, number>>,
  ): LaunchedWorker {
    const serving = this.#serving
    assert(serving !== undefined, `the launcher was not started when ${taskId} was launched`)
    serving.prepare()
    const { configuration } = this.#options
    const secretPath = configuration.get(MesosOptions.SECRET_PATH)
    const ticket = secretPath === undefined ? newTicket() : ticketOfSecret(serving.secret, taskId)
    const command = taskCommand({
      configuration,
      runtime: serving.runtime,
      properties: {
        ...spec.dynamicProperties,
        [TaskManagerOptions.RESOURCE_ID.key]: taskId,
        [TaskManagerOptions.HOST.key]:
          configuration.get(MesosOptions.TASKS_HOSTNAME)?.replaceAll(TASK_PATTERN, taskId) ??
          offer.hostname,
        ...Object.fromEntries(Object.entries(ports).map(([key, port]) => [key, String(port)])),
        ...this.#jobManagerProperties(serving.jobManager),
        ...(secretPath === undefined
          ? {}
          : { [SecurityOptions.CLUSTER_SECRET_FILE.key]: secretPath }),
      },
      userName: this.#world.userName,
      environment: {
        [LaunchVariables.TASK_NAME]: taskId,
        [LaunchVariables.FRAMEWORK_NAME]: configuration.get(MesosOptions.FRAMEWORK_NAME),
        [LaunchVariables.ARTIFACTS]: serving.base,
        [LaunchVariables.NODE_FLAGS]: nodeFlags(configuration, spec),
        ...(secretPath === undefined ? { [LaunchVariables.TICKET]: ticket } : {}),
      },
    })
    this.#tickets.issue(taskId, ticket)
    return {
      command,
      ...(this.#container === undefined ? {} : { container: this.#container }),
      labels: Object.fromEntries(configuration.get(MesosOptions.TASKS_LABELS) ?? []),
      killGracePeriodMs: configuration.get(ClusterOptions.CLUSTER_SERVICES_SHUTDOWN_TIMEOUT),
    }
  }

  forget(taskId: string): void {
    this.#tickets.revoke(taskId)
  }

  get #local(): LocalInstallationOptions {
    const { configuration, folder } = this.#options
    return { configuration, folder, log: this.#log, ...this.#world }
  }

  /** Where the JobManager is, unless somebody else tells. */
  #jobManagerProperties(jobManager: string): Record<string, string> {
    if (isHighlyAvailable(this.#options.configuration)) return {}
    const { host, port } = splitAddress(jobManager)
    return { [JobManagerOptions.ADDRESS.key]: host, [JobManagerOptions.PORT.key]: port }
  }

  async #serve(): Promise<Serving> {
    const { configuration, clock, addresses } = this.#options
    const log = this.#log
    this.#installation ??= localInstallation(this.#local)
    const [{ rpc }, installation] = await Promise.all([addresses(), this.#installation]).catch(
      (error) => {
        this.#installation = undefined
        throw error
      },
    )
    const secret = clusterSecret(configuration)
    const { host } = splitAddress(rpc)
    const isTls = configuration.get(MesosOptions.ARTIFACT_SERVER_SSL_ENABLED)
    const tls = isTls ? loadInternalTls(configuration) : undefined
    const artifacts = [installation.home, installation.node].filter((each) => each !== undefined)
    const server = await ArtifactServer.listen({
      bindHost: numericLoopback(configuration.getOptional(JobManagerOptions.BIND_HOST) ?? host),
      ports: parsePortRange(configuration.get(MesosOptions.ARTIFACT_SERVER_PORT))!,
      tls,
      artifacts,
      onTicket: ticketDesk({ office: this.#tickets, secrets: () => this.#secrets(secret), log }),
      clock,
      log,
    })
    const origin = `${tls === undefined ? 'http' : 'https'}://${inUrl(host)}:${server.port}`
    const base = `${origin}${server.basePath}`
    // Without its path, which is for those who know it alone.
    log.info('Serving what tasks start with', {
      address: origin,
      artifacts: artifacts.map(({ name }) => name),
    })
    const prepare = () => {
      for (const { file } of artifacts) {
        // The request that wants it is told.
        file().catch((error) => log.warn('Could not make an artifact', { error }))
      }
    }
    return {
      server,
      base,
      jobManager: rpc,
      runtime: agentRuntime(configuration, base, installation),
      prepare,
      cancelPreparing: clock.schedule(PREPARE_AFTER_MS, prepare),
      secret,
    }
  }

  #secrets(secret: ClusterSecret): LaunchSecrets {
    const { configuration } = this.#options
    return {
      configuration: clusterConfiguration(configuration),
      ...(configuration.contains(MesosOptions.SECRET_PATH)
        ? {}
        : { secret: secret.fileText().trim() }),
    }
  }
}

function agentRuntime(
  configuration: Configuration,
  base: string,
  { home, node }: LocalInstallation,
): AgentRuntime {
  const uris: CommandUri[] = []
  const url = ({ name }: Artifact) => `${base}/${name}`
  if (home !== undefined) uris.push({ value: url(home), extract: true, cache: true })
  if (node !== undefined) {
    const file = { extract: false, executable: true, cache: true, outputFile: NODE_FILE }
    uris.push({ value: url(node), ...file })
  }
  return {
    homePath: configuration.get(MesosOptions.HOME_PATH),
    nodePath: configuration.get(MesosOptions.NODE_PATH),
    uris,
  }
}

/** Of the file that the JobManager itself has read. @throws FlinkError FLINK_CLUSTER_SECRET */
function clusterSecret(configuration: Configuration): ClusterSecret {
  const { key } = SecurityOptions.CLUSTER_SECRET_FILE
  const path = configuration.get(SecurityOptions.CLUSTER_SECRET_FILE)
  const secret = path === undefined ? undefined : readClusterSecret(path)
  if (secret !== undefined) return secret
  throw new FlinkError(
    `Cannot hand the secret of the cluster to TaskManagers: ${path === undefined ? `${key} names no file` : `there is no file ${path} (${key})`}`,
    { code: 'FLINK_CLUSTER_SECRET' },
  )
}

function splitAddress(address: string): { host: string; port: string } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: address.slice(colon + 1) }
}

const inUrl = (host: string) => (host.includes(':') ? `[${host}]` : host)
const numericLoopback = (host: string) => (host === 'localhost' ? '127.0.0.1' : host)

/** With which node keeps the main thread of a TaskManager to its part of the memory. */
function nodeFlags(
  configuration: Configuration,
  { dynamicProperties }: WorkerResourceSpec,
): string {
  const all = configuration.clone().merge(Configuration.fromMap(dynamicProperties))
  return nodeHeapFlags(deriveTaskManagerMemory(all)).join(' ')
}
