import type { Configuration } from '@flink-ts/core'
import type { ClusterSecret } from '@flink-ts/core/security'
import type { ApplicationStatus, ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import {
  isFinalState,
  type YarnApplicationReport,
  type YarnFinalStatus,
} from '../rest/resource-manager-records.js'
import { applicationAccess } from './application-access.js'
import {
  DeploymentInterruptedError,
  YarnApplicationGoneError,
  YarnDeploymentError,
} from './deployment-error.js'
import { failureReport } from './failure-report.js'
import { takeBack } from './take-back.js'
import { watchApplication } from './watch-application.js'
import type { YarnWorld } from './yarn-world.js'

const KILL_TIMEOUT_MS = 30_000

const STATUS: Readonly<Record<YarnFinalStatus, ApplicationStatus>> = {
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  KILLED: 'CANCELED',
  UNDEFINED: 'UNKNOWN',
  ENDED: 'UNKNOWN',
}

export interface YarnClusterHandleOptions {
  readonly world: YarnWorld
  readonly applicationId: string
  readonly configuration: Configuration
  readonly secret?: ClusterSecret | undefined
  /** Deployed by this client: it is ended when it does not come up. */
  readonly isOwn: boolean
}

/** A cluster that runs as an application of YARN. */
export class YarnClusterHandle implements ClusterHandle {
  readonly clusterId: string
  readonly configuration: Configuration
  readonly secret?: ClusterSecret
  readonly #world: YarnWorld
  readonly #isOwn: boolean

  constructor(options: YarnClusterHandleOptions) {
    const { world, applicationId, configuration, secret, isOwn } = options
    this.clusterId = applicationId
    this.configuration = configuration
    if (secret !== undefined) this.secret = secret
    this.#world = world
    this.#isOwn = isOwn
  }

  async report(): Promise<ClusterReport> {
    const { resourceManager } = applicationAccess(this.#world, undefined)
    const report = await resourceManager.application(this.clusterId)
    if (report === undefined) {
      throw new YarnApplicationGoneError(this.clusterId, 'YARN does not know it (any more)')
    }
    return clusterReport(report)
  }

  /** One that has already done its work when it is looked at counts as started. */
  async whenRunning(): Promise<ClusterReport> {
    const { signal } = this.#world.context
    const { resourceManager } = applicationAccess(this.#world, signal)
    let report: YarnApplicationReport
    try {
      report = await watchApplication({
        world: this.#world,
        resourceManager,
        applicationId: this.clusterId,
        tells: true,
        isOver: (found) => clusterReport(found).state !== 'STARTING',
        signal,
      })
    } catch (error) {
      if (this.#isOwn) await takeBack(this.#world, this.clusterId, { isSubmitted: true })
      if (!signal?.aborted) throw error
      throw new DeploymentInterruptedError(this.#isOwn ? this.clusterId : undefined, error)
    }
    const found = clusterReport(report)
    if (found.state !== 'ENDED' || found.status === 'SUCCEEDED') return found
    const why = await failureReport(
      this.#world,
      applicationAccess(this.#world, undefined).resourceManager,
      report,
    )
    // Nobody else does it: no ApplicationMaster came to its end in order.
    await takeBack(this.#world, this.clusterId, {})
    throw new YarnDeploymentError(this.clusterId, why)
  }

  /** Rejects when the person gives up; the cluster goes on then. */
  async whenEnded(): Promise<ClusterReport> {
    const { signal } = this.#world.context
    const report = await watchApplication({
      world: this.#world,
      resourceManager: applicationAccess(this.#world, signal).resourceManager,
      applicationId: this.clusterId,
      tells: false,
      isOver: ({ state }) => isFinalState(state),
      signal,
    })
    return clusterReport(report)
  }

  async kill(): Promise<void> {
    const { resourceManager, staging } = applicationAccess(this.#world, undefined)
    const { clock } = this.#world.context
    const report = await resourceManager.application(this.clusterId)
    if (report !== undefined && !isFinalState(report.state)) {
      await resourceManager.kill(this.clusterId)
      const giveUp = new AbortController()
      const cancel = clock.schedule(KILL_TIMEOUT_MS, () =>
        giveUp.abort(new YarnDeploymentError(this.clusterId, 'YARN did not end it within 30 s')),
      )
      try {
        await watchApplication({
          world: this.#world,
          resourceManager,
          applicationId: this.clusterId,
          tells: false,
          isOver: ({ state }) => isFinalState(state),
          signal: giveUp.signal,
        })
      } finally {
        cancel()
      }
    }
    await staging.remove(this.clusterId)
  }
}

/** A report of YARN in the words of clusters. */
export function clusterReport(report: YarnApplicationReport): ClusterReport {
  const { state, finalStatus, diagnostics, amRpcAddress } = report
  if (isFinalState(state)) {
    const status = state === 'FINISHED' ? finalStatus : state === 'KILLED' ? 'KILLED' : 'FAILED'
    return { state: 'ENDED', status: STATUS[status], diagnostics }
  }
  // A ResourceManager proxies the pages of applications, but not the proof that a person may see them.
  const isUp = state === 'RUNNING' && amRpcAddress !== undefined
  return isUp
    ? {
        state: 'RUNNING',
        diagnostics,
        restAddress: amRpcAddress,
        webInterfaceUrl: `http://${amRpcAddress}`,
      }
    : { state: 'STARTING', diagnostics }
}
