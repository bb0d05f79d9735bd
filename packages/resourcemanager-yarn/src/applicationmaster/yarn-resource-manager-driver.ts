import { type Clock, type Configuration, type Logger, YarnOptions } from '@flink-ts/core'
import type {
  ApplicationMasterProtocol,
  NodeManagerConnector,
  RegisterApplicationMasterRequest,
  RegisterApplicationMasterResponse,
} from '@flink-ts/hadoop-rpc'
import type {
  ApplicationStatus,
  JobManagerAddresses,
  ResourceEventHandler,
  ResourceManagerDriver,
  WorkerHandle,
  WorkerRequestOptions,
  WorkerResourceSpec,
} from '@flink-ts/runtime'
import type { YarnDeployment } from '../deployment/yarn-deployment.js'
import { finishApplication } from './finish-application.js'
import { RequestHindrance } from './request-hindrance.js'
import { SchedulerSession } from './scheduler-session.js'
import { WorkerContainers } from './worker-containers.js'

export interface YarnResourceManagerDriverOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Logger
  readonly deployment: YarnDeployment
  /** Closed by `terminate` after the application was deregistered. */
  readonly protocol: ApplicationMasterProtocol
  readonly connect: NodeManagerConnector
  readonly addresses: () => Promise<JobManagerAddresses>
  /** Removes what was deployed for the application; idempotent. */
  readonly removeStagingFolder: () => Promise<void>
  /** Whether no containers of an earlier attempt can be there. */
  readonly isFirstAttempt: boolean
  /** Whether YARN may start another attempt of the application when this one ends without a word. */
  readonly mayBeFollowed: boolean
}

/**
 * Asks YARN for a container for each TaskManager that the ResourceManager wants. The ApplicationMaster stays registered when leadership
 * is lost, and goes on with the same containers when it is granted again; while nobody leads, YARN hears nothing, and starts another
 * attempt if that lasts longer than its patience (`yarn.am.liveness-monitor.expiry-interval-ms`, 10 minutes).
 */
export class YarnResourceManagerDriver implements ResourceManagerDriver {
  readonly name = 'yarn'
  readonly canStartWorkers = true
  readonly #options: YarnResourceManagerDriverOptions
  readonly #log: Logger
  readonly #containers: WorkerContainers
  readonly #session: SchedulerSession
  readonly #hindrance: RequestHindrance
  #handler: ResourceEventHandler | undefined
  /** Heartbeats since something was asked for that has not come. */
  #impatience = 0
  /** For YARN: nothing can be asked for any more. */
  #hasEnded = false

  constructor(options: YarnResourceManagerDriverOptions) {
    const { clock, configuration, protocol, isFirstAttempt } = options
    this.#options = options
    this.#log = options.log.child({ component: 'YarnResourceManagerDriver' })
    this.#containers = new WorkerContainers({
      ...options,
      log: this.#log,
      onNews: () => {
        this.#impatience = 0
        this.#session.poke()
      },
      onTerminated: (resourceId, diagnostics) =>
        this.#handler?.onWorkerTerminated(resourceId, diagnostics),
      onLateRecovery: (workers) => this.#handler?.onPreviousAttemptWorkersRecovered(workers),
    })
    const containers = this.#containers
    const hindrance = new RequestHindrance({
      clock,
      log: this.#log,
      nodeLabel:
        configuration.get(YarnOptions.TASK_MANAGER_NODE_LABEL) ??
        configuration.get(YarnOptions.APPLICATION_NODE_LABEL),
      waiting: () => containers.waiting,
      excludedHosts: () => containers.excludedHosts,
      onHindered: (why) => this.#handler?.onRequestsHindered?.(why),
    })
    this.#hindrance = hindrance
    this.#session = new SchedulerSession({
      protocol,
      clock,
      log: this.#log,
      isFirstAttempt,
      registration: () => this.#registration(),
      handler: {
        hasNews: () => containers.hasNews,
        takeNews: () => containers.takeNews(),
        allForgotten: () => containers.allForgotten(),
        onRegistered: (response) => this.#registered(response),
        onAnswer: (response, told) => {
          containers.answered(response, told)
          hindrance.answered(response)
        },
        onUnanswered: (why) => hindrance.unanswered(why),
        onRefused: (error, told) => containers.refused(error, told),
        onLost: (error) => this.#handler?.onError(error),
        intervalMs: () => this.#intervalMs(configuration),
      },
    })
  }

  /** @throws FlinkError FLINK_YARN_APPLICATION_MASTER if YARN does not take this attempt, or does not answer for 15 minutes */
  async initialize(handler: ResourceEventHandler): Promise<void> {
    if (!this.#session.isRegistered) {
      const { rpc } = await this.#options.addresses()
      this.#containers.jobManagerAddress = rpc
      const response = await this.#session.register()
      if (response !== undefined) this.#registered(response)
    }
    this.#handler = handler
    this.#containers.open()
    handler.onPreviousAttemptWorkersRecovered(this.#containers.running)
    this.#session.start()
  }

  /**
   * @throws FlinkError FLINK_YARN_CONTAINER_TOO_LARGE, FLINK_YARN_CONTAINER_START; FLINK_YARN_REQUEST_WITHDRAWN when the signal is
   *   aborted, or leadership is lost
   */
  requestResource(
    spec: WorkerResourceSpec,
    { signal, blockedNodes }: WorkerRequestOptions,
  ): Promise<WorkerHandle> {
    return this.#containers.request(spec, signal, blockedNodes)
  }

  releaseResource({ resourceId }: WorkerHandle): void {
    this.#containers.release(resourceId, 'it is not needed any more')
  }

  workerDisconnected({ resourceId }: WorkerHandle): void {
    this.#containers.disconnected(resourceId)
  }

  /**
   * Resolves when YARN knows, or has not answered for 20 seconds; then nothing of the application is left but its logs. What was
   * deployed stays for another attempt, if one may come because YARN does not know.
   */
  async deregisterApplication(status: ApplicationStatus, diagnostics: string): Promise<void> {
    const { protocol, clock, removeStagingFolder, mayBeFollowed } = this.#options
    await this.#session.stop()
    this.#containers.releaseAll('the application ends')
    const isNoted = await finishApplication({
      protocol,
      clock,
      log: this.#log,
      request: { status: FINAL_STATUS[status], diagnostics, trackingUrl: '' },
      register: () => this.#registration(),
    })
    this.#hasEnded = true
    if (isNoted) this.#log.info('The application has ended for YARN', { status, diagnostics })
    if (isNoted || !mayBeFollowed) await removeStagingFolder()
  }

  async terminate(): Promise<void> {
    this.#handler = undefined
    await this.#session.stop()
    this.#containers.close()
    this.#hindrance.reset()
    if (this.#hasEnded) await this.#options.protocol.close()
  }

  #registered(response: RegisterApplicationMasterResponse): void {
    this.#containers.registered(response)
    this.#hindrance.registered(response)
  }

  /** A JobManager that could not start has no addresses, but an end to tell of. */
  async #registration(): Promise<RegisterApplicationMasterRequest> {
    const rest = await this.#options.addresses().then(
      (addresses) => addresses.rest,
      () => undefined,
    )
    if (rest === undefined) return { host: '', rpcPort: -1, trackingUrl: '' }
    const colon = rest.lastIndexOf(':')
    return {
      host: rest.slice(0, colon),
      rpcPort: Number(rest.slice(colon + 1)),
      trackingUrl: `http://${rest}`,
    }
  }

  /** What is asked for comes soon on a cluster with room: so first it asks often. */
  #intervalMs(configuration: Configuration): number {
    if (!this.#containers.isWaiting) {
      this.#impatience = 0
      return configuration.get(YarnOptions.HEARTBEAT_DELAY_SECONDS) * 1000
    }
    const slowest = configuration.get(YarnOptions.CONTAINER_REQUEST_HEARTBEAT_INTERVAL)
    return Math.min(slowest, FIRST_WAIT_MS * 2 ** Math.min(this.#impatience++, 10))
  }
}

const FIRST_WAIT_MS = 100

const FINAL_STATUS = {
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  CANCELED: 'KILLED',
  UNKNOWN: 'KILLED',
} as const
