import {
  type Configuration,
  FlinkError,
  hostAndPort,
  JobManagerOptions,
  type Logger,
  MesosOptions,
  numericLoopback,
  parsePortRange,
  SecurityOptions,
  splitHostAndPort,
} from '@flink-ts/core'
import { type ClusterSecret, loadInternalTls, readClusterSecret } from '@flink-ts/core/security'
import type { CommandUri } from '@flink-ts/mesos-client'
import type { LocalArtifact } from '../artifacts/artifact.js'
import { ArtifactServer } from '../artifacts/artifact-server.js'
import type { LaunchSecrets } from '../artifacts/launch-secrets.js'
import { ticketDesk } from '../artifacts/ticket-desk.js'
import type { TicketOffice } from '../artifacts/ticket-office.js'
import { type FetchedFile, HOME_ARCHIVE, NODE_FILE } from './agent-runtime.js'
import { clusterConfiguration } from './cluster-configuration.js'
import type { WorkerLauncherOptions } from './create-worker-launcher.js'
import type { LocalInstallation } from './local-installation.js'

export interface ArtifactServiceOptions
  extends Pick<WorkerLauncherOptions, 'configuration' | 'clock'> {
  readonly log: Logger
  /** `host:port` of RPC. */
  readonly jobManager: string
  readonly installation: LocalInstallation
  readonly tickets: TicketOffice
}

/** What the JobManager has for its tasks, and where they get it, while it leads. */
export class ArtifactService {
  /** `host:port` of RPC. */
  readonly jobManager: string
  readonly secret: ClusterSecret
  /** URL, without a slash at the end. */
  readonly base: string
  readonly #server: ArtifactServer
  readonly #installation: LocalInstallation

  /** @throws ArtifactServerError; FlinkError FLINK_CLUSTER_SECRET, FLINK_TLS_CONFIGURATION */
  static async start(options: ArtifactServiceOptions): Promise<ArtifactService> {
    const { configuration, clock, log, jobManager, installation, tickets } = options
    const secret = clusterSecret(configuration)
    const { host } = splitHostAndPort(jobManager)
    const isTls = configuration.get(MesosOptions.ARTIFACT_SERVER_SSL_ENABLED)
    const tls = isTls ? loadInternalTls(configuration) : undefined
    const artifacts = [installation.home, installation.node].filter((each) => each !== undefined)
    const secrets = () => launchSecrets(configuration, secret)
    const server = await ArtifactServer.listen({
      bindHost: numericLoopback(configuration.getOptional(JobManagerOptions.BIND_HOST) ?? host),
      ports: parsePortRange(configuration.get(MesosOptions.ARTIFACT_SERVER_PORT))!,
      tls,
      artifacts,
      onTicket: ticketDesk({ office: tickets, secrets, log }),
      clock,
      log,
    })
    const scheme = tls === undefined ? 'http' : 'https'
    const origin = `${scheme}://${hostAndPort(host, server.port)}`
    // Without its path, which is for those who know it alone.
    log.info('Serving what tasks start with', {
      address: origin,
      artifacts: artifacts.map(({ name }) => name),
    })
    return new ArtifactService(options, secret, server, `${origin}${server.basePath}`)
  }

  private constructor(
    { jobManager, installation }: ArtifactServiceOptions,
    secret: ClusterSecret,
    server: ArtifactServer,
    base: string,
  ) {
    this.jobManager = jobManager
    this.secret = secret
    this.base = base
    this.#server = server
    this.#installation = installation
  }

  /**
   * What agents fetch; made now if it was not before.
   *
   * @throws Error if it cannot be made
   */
  async fetched(): Promise<FetchedFile[]> {
    const { home, node } = this.#installation
    const archive = { extract: false, cache: true, outputFile: HOME_ARCHIVE }
    const program = { extract: false, executable: true, cache: true, outputFile: NODE_FILE }
    return Promise.all([
      ...(home === undefined ? [] : [this.#fetched(home, archive, true)]),
      ...(node === undefined ? [] : [this.#fetched(node, program, false)]),
    ])
  }

  /** Resolves when nothing is served any more. Idempotent. */
  async close(): Promise<void> {
    const { home, node } = this.#installation
    await Promise.all([this.#server.close(), home?.settled(), node?.settled()])
  }

  async #fetched(
    artifact: LocalArtifact,
    how: Omit<CommandUri, 'value'> & { readonly outputFile: string },
    isArchive: boolean,
  ): Promise<FetchedFile> {
    const uri = { value: `${this.base}/${artifact.name}`, ...how }
    return { uri, digest: await artifact.digest(), isArchive }
  }
}

function launchSecrets(configuration: Configuration, secret: ClusterSecret): LaunchSecrets {
  return {
    configuration: clusterConfiguration(configuration),
    ...(configuration.contains(MesosOptions.SECRET_PATH)
      ? {}
      : { secret: secret.fileText().trim() }),
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
