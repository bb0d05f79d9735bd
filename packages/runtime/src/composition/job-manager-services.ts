import {
  BlobServerOptions,
  type Clock,
  type Configuration,
  type FileSystems,
  type Logger,
  type Random,
  type ResourceId,
} from '@flink-ts/core'
import type { ShuffleMaster } from '@flink-ts/network'
import type { RpcService } from '@flink-ts/rpc'
import { BlobServer } from '../blob/blob-server.js'
import type { BlobStore } from '../blob/blob-store.js'
import { LeaderBlobs } from '../blob/leader-blobs.js'
import type { ClusterVersion } from '../dispatcher/client-compatibility.js'
import { Dispatcher } from '../dispatcher/dispatcher.js'
import type { HighAvailabilityServices } from '../highavailability/high-availability-services.js'
import { LeaderService } from '../highavailability/leader-service.js'
import { StandaloneHaServices } from '../highavailability/standalone-ha-services.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { ModuleLoader } from '../jobmaster/job-initialization.js'
import { DISPATCHER_GATEWAY, RESOURCE_MANAGER_GATEWAY } from '../messages/gateways.js'
import type {
  ApplicationStatus,
  DispatcherGateway,
  ResourceManagerGateway,
} from '../messages/messages.generated.js'
import { ResourceManager } from '../resourcemanager/resource-manager.js'
import type { ResourceManagerDriver } from '../resourcemanager/resource-manager-driver.js'
import { resourceManagerSettings } from '../resourcemanager/resource-manager-settings.js'
import { checkTaskHeap } from '../taskmanager/memory/check-task-heap.js'
import { closeAll } from './close-all.js'
import { LeaderGatewayRetriever } from './leader-gateway-retriever.js'

export interface JobManagerServicesOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Stays the caller's. */
  readonly rpcService: RpcService
  readonly fileSystems: FileSystems
  /** Of this process. */
  readonly resourceId: ResourceId
  /** For programs; closed with the services. */
  readonly blobStore: BlobStore
  /** Terminated with the services. */
  readonly resourceManagerDriver: ResourceManagerDriver
  /** Closed with the services. Default: {@link StandaloneHaServices}, which other processes can ask. */
  readonly highAvailability?: HighAvailabilityServices
  /** Closed with the services. Default: the network's, which has nothing to remember. */
  readonly shuffleMaster?: ShuffleMaster
  readonly version: ClusterVersion
  /** Imports modules of the cluster: sources and sinks of jobs name them. */
  readonly moduleLoader: ModuleLoader
  /** Somebody asked for the end of the cluster; told once. The caller closes the services. */
  readonly onClusterShutDown: (status: ApplicationStatus) => void
  readonly onJobEnded?: (info: ExecutionGraphInfo) => void
  /** The process must end. */
  readonly fatalErrorHandler: (error: unknown) => void
}

/** The components of a JobManager, started. */
export interface JobManagerServices {
  readonly highAvailability: HighAvailabilityServices
  /** The leading Dispatcher, here or elsewhere. */
  readonly dispatcher: LeaderGatewayRetriever<DispatcherGateway>
  /** The leading ResourceManager, here or elsewhere. */
  readonly resourceManager: LeaderGatewayRetriever<ResourceManagerGateway>
  readonly blobServer: BlobServer
  /**
   * Suspends what runs and ends all components; with a status the cluster manager is told that the
   * application has ended so. Idempotent: the first call counts.
   */
  close(status?: ApplicationStatus, diagnostics?: string): Promise<void>
}

/**
 * Puts the components of a JobManager together and starts them. What was started is closed again if
 * one of them fails.
 *
 * @throws IllegalConfigurationError
 */
export async function startJobManagerServices(
  options: JobManagerServicesOptions,
): Promise<JobManagerServices> {
  const { configuration, clock, random, log, rpcService, resourceId, fatalErrorHandler } = options
  const highAvailability: HighAvailabilityServices =
    options.highAvailability ??
    new StandaloneHaServices({ processStartMs: clock.now(), random, log })
  const { blobStorage } = highAvailability
  const endpoint = (component: string) => ({
    rpcService,
    clock,
    log: log.child({ component }),
    onFatalError: fatalErrorHandler,
  })
  const blobServer = new BlobServer({
    ...endpoint('BlobServer'),
    store: options.blobStore,
    maxBlobBytes: configuration.get(BlobServerOptions.MAX_SIZE),
  })
  const leaderService =
    highAvailability instanceof StandaloneHaServices
      ? new LeaderService({ ...endpoint('LeaderService'), leaders: highAvailability.leaders })
      : undefined
  const resourceManager = new ResourceManager({
    ...endpoint('ResourceManager'),
    endpointId: 'resourcemanager',
    resourceId,
    random,
    settings: resourceManagerSettings(configuration, options.resourceManagerDriver.canStartWorkers),
    driver: options.resourceManagerDriver,
    driverStore: (token) =>
      highAvailability.stores(token).namespace(`${options.resourceManagerDriver.name}-workers`),
    leaderElection: highAvailability.leaderElection({ kind: 'resourcemanager' }),
    blobServer: { address: rpcService.address, endpointId: blobServer.endpointId },
  })
  const dispatcher = new Dispatcher({
    ...endpoint('Dispatcher'),
    log,
    configuration,
    random,
    resourceId,
    highAvailability,
    fileSystems: options.fileSystems,
    loadModule: options.moduleLoader,
    clusterVersion: options.version,
    startsTaskManagers: options.resourceManagerDriver.canStartWorkers,
    // Whoever starts TaskManagers by hand may give them more.
    ...(options.resourceManagerDriver.canStartWorkers
      ? { checkJob: (jobGraph: JobGraph) => checkTaskHeap(jobGraph, configuration) }
      : {}),
    blobs:
      blobStorage === undefined
        ? blobServer
        : ({ epoch }) =>
            new LeaderBlobs({
              server: blobServer,
              storage: blobStorage,
              epoch,
              log: log.child({ component: 'BlobServer' }),
            }),
    ...(options.shuffleMaster === undefined ? {} : { shuffleMaster: options.shuffleMaster }),
    onShutDown: options.onClusterShutDown,
    ...(options.onJobEnded === undefined ? {} : { onJobEnded: options.onJobEnded }),
  })
  const dispatcherLeader = new LeaderGatewayRetriever({
    rpcService,
    retriever: highAvailability.leaderRetriever({ kind: 'dispatcher' }),
    definition: DISPATCHER_GATEWAY,
  })
  const resourceManagerLeader = new LeaderGatewayRetriever({
    rpcService,
    retriever: highAvailability.leaderRetriever({ kind: 'resourcemanager' }),
    definition: RESOURCE_MANAGER_GATEWAY,
  })

  let closed: Promise<void> | undefined
  const close = (status?: ApplicationStatus, diagnostics = '') => {
    if (closed === undefined && status !== undefined) highAvailability.stopContending?.()
    closed ??= closeAll([
      () => Promise.all([dispatcherLeader.close(), resourceManagerLeader.close()]),
      // What goes on elsewhere needs its workers: they must not be released because nobody wants them here.
      () => (status === undefined ? resourceManager.close() : undefined),
      // Jobs say goodbye to the ResourceManager and leave the blobs, so they go first.
      () => dispatcher.close(),
      () => options.shuffleMaster?.close(),
      () => status && resourceManager.endApplication(status, diagnostics),
      () => resourceManager.close(),
      () => Promise.all([blobServer.close(), leaderService?.close()]),
      // Jobs that are still there when the cluster is told to end are given up.
      () => highAvailability.close({ cleanUp: status !== undefined }),
    ])
    return closed
  }
  try {
    dispatcherLeader.start()
    resourceManagerLeader.start()
    await Promise.all([
      blobServer.start(),
      leaderService?.start(),
      resourceManager.start(),
      dispatcher.start(),
    ])
  } catch (error) {
    await close().catch((cause) => log.error('Closing what had started failed', { error: cause }))
    throw error
  }
  return {
    highAvailability,
    dispatcher: dispatcherLeader,
    resourceManager: resourceManagerLeader,
    blobServer,
    close,
  }
}
