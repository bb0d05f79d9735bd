import {
  type Configuration,
  FileSystemOptions,
  HighAvailabilityOptions,
  SecurityOptions,
  YarnOptions,
} from '@flink-ts/core'
import { ClusterSecret } from '@flink-ts/core/security'
import type {
  ApplicationDeployment,
  ClusterDescriptor,
  ClusterHandle,
  JobDeployment,
} from '@flink-ts/runtime'
import { isFinalState } from '../rest/resource-manager-records.js'
import { applicationAccess } from './application-access.js'
import { type ApplicationPlan, deployApplication, SECRET_FILE } from './deploy-application.js'
import { YarnApplicationGoneError } from './deployment-error.js'
import { describeYarn } from './describe-yarn.js'
import { sweepLeftOvers } from './sweep-left-overs.js'
import { YarnClusterHandle } from './yarn-cluster-handle.js'
import type { YarnWorld } from './yarn-world.js'

const JOB_GRAPH_FILE = 'job-graph.json'
const BUNDLE_FILE = 'program.mjs'

/** Deploys clusters on YARN by its REST API, and their files through the file system that its nodes share. */
export class YarnClusterDescriptor implements ClusterDescriptor {
  readonly name = 'yarn'
  readonly #world: YarnWorld
  readonly #sweeps = new Set<Promise<void>>()

  constructor(world: YarnWorld) {
    this.#world = world
  }

  deploySessionCluster(): Promise<ClusterHandle> {
    return this.#deploy({
      name: 'Flink session cluster',
      main: 'standalone-session',
      mainArguments: [],
      programArguments: [],
      files: {},
    })
  }

  deployJobCluster({ jobGraph, bundle, detached }: JobDeployment): Promise<ClusterHandle> {
    return this.#deploy({
      name: jobNameOf(jobGraph),
      main: 'job-cluster',
      mainArguments: [
        ...['--job-graph', JOB_GRAPH_FILE],
        ...(bundle === undefined ? [] : ['--bundle', BUNDLE_FILE]),
        ...['--execution-mode', detached ? 'DETACHED' : 'NORMAL'],
      ],
      programArguments: [],
      files: {
        [JOB_GRAPH_FILE]: Buffer.from(jobGraph),
        ...(bundle === undefined ? {} : { [BUNDLE_FILE]: bundle }),
      },
    })
  }

  deployApplicationCluster(application: ApplicationDeployment): Promise<ClusterHandle> {
    const { bundle, programName, entryPoint, args } = application
    return this.#deploy({
      name: `Flink application: ${programName}`,
      main: 'standalone-application',
      mainArguments: [
        ...['--bundle', BUNDLE_FILE, '--program-name', programName],
        ...(entryPoint === undefined ? [] : ['--entry-point', entryPoint]),
      ],
      programArguments: args,
      files: { [BUNDLE_FILE]: bundle },
    })
  }

  async retrieve(clusterId: string): Promise<ClusterHandle> {
    if (!/^application_\d+_\d+$/.test(clusterId)) {
      throw new YarnApplicationGoneError(
        clusterId,
        'that is no id of an application; one looks like application_1700000000000_0001',
      )
    }
    const { signal, log } = this.#world.context
    const { resourceManager, staging } = applicationAccess(this.#world, signal)
    const report = await resourceManager.application(clusterId)
    if (report === undefined) {
      throw new YarnApplicationGoneError(clusterId, 'YARN does not know it')
    }
    if (isFinalState(report.state)) {
      const how = report.state === 'FINISHED' ? report.finalStatus : report.state
      throw new YarnApplicationGoneError(
        clusterId,
        `it has ended (${how}). ${report.diagnostics}`.trim(),
      )
    }
    const path = `${staging.folderOf(clusterId)}/${SECRET_FILE}`
    const text = await staging.read(path)
    if (text === undefined) {
      log.warn('There is no secret of the cluster: it may refuse requests', { clusterId, path })
    }
    return this.#handle(
      clusterId,
      text === undefined ? undefined : ClusterSecret.fromText(Buffer.from(text).toString(), path),
      false,
    )
  }

  describeResources(): Promise<readonly string[]> {
    return describeYarn(applicationAccess(this.#world, this.#world.context.signal).resourceManager)
  }

  async close(): Promise<void> {
    await Promise.all(this.#sweeps)
  }

  async #deploy(plan: ApplicationPlan): Promise<ClusterHandle> {
    const { applicationId, secret } = await deployApplication(this.#world, plan)
    this.#sweep(applicationId)
    return this.#handle(applicationId, secret, true)
  }

  /** Beside the start of the application: nobody waits for it. */
  #sweep(applicationId: string): void {
    const { log } = this.#world.context
    const sweep = sweepLeftOvers(this.#world, applicationId)
      .then(
        () => undefined,
        (error: unknown) => log.warn('Could not look for files of former applications', { error }),
      )
      .finally(() => this.#sweeps.delete(sweep))
    this.#sweeps.add(sweep)
  }

  #handle(
    applicationId: string,
    secret: ClusterSecret | undefined,
    isOwn: boolean,
  ): YarnClusterHandle {
    const configuration = this.#clientConfiguration(applicationId)
    return new YarnClusterHandle({
      world: this.#world,
      applicationId,
      configuration,
      secret,
      isOwn,
    })
  }

  #clientConfiguration(applicationId: string): Configuration {
    const { context, yarn } = this.#world
    const configuration = context.configuration
      .clone()
      .set(YarnOptions.APPLICATION_ID, applicationId)
      .set(SecurityOptions.REST_AUTHENTICATION_ENABLED, true)
    if (!configuration.contains(HighAvailabilityOptions.HA_CLUSTER_ID)) {
      configuration.set(HighAvailabilityOptions.HA_CLUSTER_ID, applicationId)
    }
    if (yarn.nameNodes.length > 0) {
      configuration.set(FileSystemOptions.WEBHDFS_NAMENODES, yarn.nameNodes)
    }
    return configuration
  }
}

function jobNameOf(jobGraph: string): string {
  const { name } = JSON.parse(jobGraph) as { name?: unknown }
  return typeof name === 'string' && name !== ''
    ? `Flink per-job cluster: ${name}`
    : 'Flink per-job cluster'
}
