import {
  type Clock,
  type Configuration,
  type Logger,
  type ResourceId,
  YarnOptions,
} from '@flink-ts/core'
import type {
  AllocateResponse,
  Container,
  ContainerId,
  ContainerStatus,
  NodeId,
  NodeManagerConnector,
  RegisterApplicationMasterResponse,
  YarnResource,
} from '@flink-ts/hadoop-rpc'
import type { WorkerHandle, WorkerResourceSpec } from '@flink-ts/runtime'
import type { YarnDeployment } from '../deployment/yarn-deployment.js'
import { Announcements } from './announcements.js'
import { ContainerAsks } from './container-asks.js'
import { describeContainerExit } from './container-exit.js'
import { ContainerNews } from './container-news.js'
import { ContainerRequest } from './container-request.js'
import { checkResource, containerResource, describeResource } from './container-resource.js'
import { containerStartFailed, requestWithdrawn } from './container-start-error.js'
import type { WaitingContainers } from './describe-waiting.js'
import { ExcludedNodes } from './excluded-nodes.js'
import { NodeManagers } from './node-managers.js'
import { PresumedEnded } from './presumed-ended.js'
import { isExpiredContainer, whyOf } from './refusal.js'
import type { Exchange } from './scheduler-session.js'
import { taskManagerLaunch } from './task-manager-launch.js'
import { TrackedContainer } from './tracked-container.js'

export interface WorkerContainersOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Logger
  readonly deployment: YarnDeployment
  readonly connect: NodeManagerConnector
  /** YARN should be told something soon. */
  readonly onNews: () => void
  readonly onTerminated: (resourceId: ResourceId, diagnostics: string) => void
  /** Containers of an earlier attempt turned up later than the others, as after a restart of YARN. */
  readonly onLateRecovery: (workers: readonly WorkerHandle[]) => void
}

/**
 * Which containers this application has, wants, and gives back. Decides by what YARN's answers say; when they are told is the
 * `SchedulerSession`'s business.
 */
export class WorkerContainers {
  readonly #options: WorkerContainersOptions
  readonly #log: Logger
  readonly #asks: ContainerAsks
  readonly #excluded: ExcludedNodes
  readonly #containers = new Map<ContainerId, TrackedContainer>()
  readonly #news: ContainerNews
  readonly #presumedEnded = new PresumedEnded()
  readonly #announcements: Announcements
  readonly #nodeManagers: NodeManagers
  #maximum: YarnResource | undefined
  #numClusterNodes = 1
  #isOpen = false
  /** `host:port` of this JobManager's RPC. */
  jobManagerAddress = ''

  constructor(options: WorkerContainersOptions) {
    const { configuration, clock, log } = options
    this.#options = options
    this.#log = log
    this.#asks = new ContainerAsks(configuration.get(YarnOptions.TASK_MANAGER_NODE_LABEL))
    this.#excluded = new ExcludedNodes(clock, log)
    this.#news = new ContainerNews({ asks: this.#asks, excluded: this.#excluded, log })
    this.#announcements = new Announcements(log)
    this.#nodeManagers = new NodeManagers({
      ...options,
      onStarting: (id) => this.#starting(id),
      onStarted: (id) => this.#started(id),
      onStartFailed: (id, error) => this.#startFailed(id, error),
      onEnded: (status) => this.#completed(status),
    })
  }

  /** Those that run, recovered ones among them. */
  get running(): WorkerHandle[] {
    return [...this.#containers.values()]
      .filter(({ state }) => state === 'RUNNING')
      .map(({ handle }) => handle)
  }

  /** Whether containers are wanted that YARN has not given. */
  get isWaiting(): boolean {
    return this.#asks.size > 0
  }

  /** What is wanted and was not given, by size. */
  get waiting(): readonly WaitingContainers[] {
    return this.#asks.waiting
  }

  /** Nodes from which no container is taken. */
  get excludedHosts(): readonly string[] {
    return this.#excluded.hosts
  }

  /** Requests are taken from now on. */
  open(): void {
    this.#isOpen = true
  }

  /** Those that run go on; what is wanted or being started is taken back. */
  close(): void {
    this.#isOpen = false
    this.#nodeManagers.endInquiries()
    for (const request of this.#asks.clear()) request.refuse(requestWithdrawn())
    for (const container of [...this.#containers.values()]) {
      if (container.state !== 'ALLOCATED' && container.state !== 'STARTING') continue
      container.request?.refuse(requestWithdrawn())
      this.#giveBack(container, 'nobody leads who wants it')
    }
  }

  /** @throws see `YarnResourceManagerDriver.requestResource` */
  async request(
    spec: WorkerResourceSpec,
    signal: AbortSignal,
    blockedNodes: ReadonlySet<string>,
  ): Promise<WorkerHandle> {
    if (!this.#isOpen || signal.aborted) throw requestWithdrawn()
    const capability = containerResource(spec, this.#options.configuration)
    if (this.#maximum !== undefined) checkResource(capability, this.#maximum)
    this.#excluded.block(blockedNodes)
    const request = new ContainerRequest(spec, capability)
    signal.addEventListener('abort', () => this.#withdraw(request), { once: true })
    this.#asks.add(request)
    this.#options.onNews()
    return request.granted
  }

  /** Its TaskManager is gone: its node may know why before YARN does. */
  disconnected(id: string): void {
    const container = this.#containers.get(id)
    if (container?.state === 'RUNNING') this.#nodeManagers.inquire(container.nodeId, container.id)
  }

  /** Nothing happens to one that has ended. */
  release(id: string, why: string): void {
    const container = this.#containers.get(id)
    if (container !== undefined && container.state !== 'RELEASING') this.#giveBack(container, why)
  }

  releaseAll(why: string): void {
    for (const id of [...this.#containers.keys()]) this.release(id, why)
  }

  // ---------------------------------------------------------------- what YARN is told

  get hasNews(): boolean {
    return !this.#news.isEmpty
  }

  takeNews(): Exchange {
    return this.#news.take()
  }

  allForgotten(): void {
    const releasing = [...this.#containers.values()].filter(({ state }) => state === 'RELEASING')
    this.#news.forgotten([...this.#presumedEnded.ids, ...releasing.map(({ id }) => id)])
  }

  /** None of `told` counts. */
  refused(error: Error, told: Exchange): void {
    this.#news.refused(error, told, (id) => this.#containers.get(id)?.state === 'RELEASING')
  }

  // ---------------------------------------------------------------- what YARN says

  registered(response: RegisterApplicationMasterResponse): void {
    this.#maximum = response.maximumCapability
    for (const token of response.nmTokensFromPreviousAttempts) this.#nodeManagers.putToken(token)
    this.#recover(response.containersFromPreviousAttempts)
  }

  answered(response: AllocateResponse, told: Exchange): void {
    this.#numClusterNodes = response.numClusterNodes
    for (const token of response.nmTokens) this.#nodeManagers.putToken(token)
    this.#recover(response.containersFromPreviousAttempts)
    const crossed = new Set(told.asks.map(({ priority }) => priority))
    for (const container of response.allocatedContainers) {
      this.#asks.allocated(container.priority, crossed.has(container.priority))
      this.#allocated(container)
    }
    this.#announcements.preemption(response.preemption, (id) => this.#containers.has(id))
    for (const status of response.completedContainers) this.#completed(status)
    for (const node of response.updatedNodes) {
      this.#announcements.node(node, this.#on(node.nodeId))
    }
  }

  #allocated(container: Container): void {
    if (this.#containers.has(container.id)) return
    const { id, nodeId } = container
    const tracked = new TrackedContainer(this.#log, container, 'ALLOCATED')
    this.#containers.set(id, tracked)
    if (this.#excluded.has(nodeId.host)) {
      this.#giveBack(tracked, 'its node is one that should not get containers')
      return
    }
    const request = this.#asks.take(container.priority)
    if (request === undefined) {
      this.#giveBack(tracked, 'it is more than was asked for')
      return
    }
    this.#log.info('YARN gave a container', {
      containerId: id,
      host: nodeId.host,
      size: describeResource(container.resource),
    })
    tracked.request = request
    request.containerId = id
    const launchContext = taskManagerLaunch(id, request.spec, {
      ...this.#options,
      jobManagerAddress: this.jobManagerAddress,
    })
    this.#nodeManagers.start(nodeId, {
      id,
      containerToken: container.containerToken,
      launchContext,
    })
  }

  #recover(containers: readonly Container[]): void {
    const recovered: WorkerHandle[] = []
    for (const container of containers) {
      if (this.#containers.has(container.id)) continue
      if (this.#presumedEnded.has(container.id)) {
        // Its TaskManager was replaced: without this it would keep its place until it gives up by itself.
        this.#news.release(container.id)
        this.#options.onNews()
        continue
      }
      const tracked = new TrackedContainer(this.#log, container, 'RUNNING')
      this.#containers.set(tracked.id, tracked)
      this.#log.info('A container of an earlier attempt runs', { containerId: tracked.id })
      if (this.#nodeManagers.canReach(tracked.nodeId)) recovered.push(tracked.handle)
      else this.#giveBack(tracked, 'YARN gave no token with which to speak to its node')
    }
    if (this.#isOpen && recovered.length > 0) this.#options.onLateRecovery(recovered)
  }

  #completed(status: ContainerStatus): void {
    const container = this.#containers.get(status.id)
    const diagnostics = describeContainerExit(status) + this.#announcements.ofEnded(status.id)
    if (container === undefined) {
      this.#log.debug('A container ended that is none of ours', {
        containerId: status.id,
        diagnostics,
      })
      return
    }
    const { state, request, id } = container
    this.#containers.delete(id)
    this.#news.ended(id)
    if (state !== 'RELEASING') this.#nodeManagers.forget(container.nodeId, id)
    container.transitionTo('COMPLETED')
    this.#presumedEnded.add(id, status.exitCode)
    this.#log.info('A container ended', { containerId: id, state, diagnostics })
    if (state === 'RUNNING') this.#options.onTerminated(container.handle.resourceId, diagnostics)
    if (request === undefined) return
    if (state === 'ALLOCATED' || /\bexpired\b/i.test(status.diagnostics)) this.#askAgain(request)
    else request.refuse(containerStartFailed(container, diagnostics))
  }

  #on({ host, port }: NodeId): number {
    const isThere = ({ nodeId }: TrackedContainer) => nodeId.host === host && nodeId.port === port
    return [...this.#containers.values()].filter(isThere).length
  }

  // ---------------------------------------------------------------- starts and ends

  #starting(id: ContainerId): void {
    const container = this.#containers.get(id)
    if (container?.state === 'ALLOCATED') container.transitionTo('STARTING')
  }

  #started(id: ContainerId): void {
    const container = this.#containers.get(id)
    if (container?.state !== 'STARTING') return
    container.transitionTo('RUNNING')
    container.request?.grant(container.handle)
    container.request = undefined
  }

  #startFailed(id: ContainerId, error: Error): void {
    const container = this.#containers.get(id)
    if (container?.state !== 'STARTING' && container?.state !== 'ALLOCATED') return
    const { request, nodeId } = container
    const why = whyOf(error)
    if (request !== undefined && isExpiredContainer(error)) this.#askAgain(request)
    else {
      request?.refuse(containerStartFailed(container, why, error))
      this.#excluded.startFailed(nodeId.host, this.#numClusterNodes)
    }
    this.#giveBack(container, `it could not be started: ${why}`)
  }

  #withdraw(request: ContainerRequest): void {
    const container = request.containerId && this.#containers.get(request.containerId)
    if (container?.request === request) this.#giveBack(container, 'it is not needed any more')
    else if (!this.#asks.remove(request)) return
    request.refuse(requestWithdrawn())
    this.#options.onNews()
  }

  #askAgain(request: ContainerRequest): void {
    request.containerId = undefined
    this.#asks.add(request)
    this.#options.onNews()
  }

  #giveBack(container: TrackedContainer, why: string): void {
    const { id, nodeId, mayRun } = container
    this.#log.info('A container is given back', { containerId: id, why })
    container.request = undefined
    if (mayRun) this.#nodeManagers.stop(nodeId, id)
    else this.#nodeManagers.forget(nodeId, id)
    container.transitionTo('RELEASING')
    this.#news.release(id)
    this.#options.onNews()
  }
}
