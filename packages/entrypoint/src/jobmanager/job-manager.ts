import { join } from 'node:path'
import {
  createFileSystems,
  deriveJobManagerMemory,
  FLINK_TS_VERSION,
  JobManagerOptions,
  LocalFileSystem,
  type Logger,
  NettyShuffleEnvironmentOptions,
  type Random,
  type ResourceId,
  ResourceManagerOptions,
  renderMemoryTable,
  SecurityOptions,
  userMessage,
} from '@flink-ts/core'
import { loadTransportSecurity } from '@flink-ts/core/security'
import { RestServerEndpoint } from '@flink-ts/rest'
import {
  type ApplicationStatus,
  type DispatcherGateway,
  type ExecutionGraphInfo,
  FileSystemBlobStore,
  type JobManagerServices,
  loadHighAvailability,
  startJobManagerServices,
} from '@flink-ts/runtime'
import { jobManagerRpcAddress } from '../addresses/job-manager-address.js'
import { isLoopback } from '../addresses/loopback.js'
import { blobFolder } from '../daemon/blob-folder.js'
import type { DaemonContext } from '../daemon/daemon.js'
import { startRpcService } from '../rpc/start-rpc-service.js'
import { loadShuffleService } from '../shuffle/load-shuffle-service.js'
import { startFailed } from './cluster-end.js'
import { EventualAddresses } from './eventual-addresses.js'
import { loadDriver } from './load-driver.js'

/** What the kind of cluster does when something happens. */
export interface JobManagerHooks {
  /** Somebody asked for the end of the cluster; told once. */
  readonly onClusterShutDown: (status: ApplicationStatus) => void
  /** A job has ended for good. */
  readonly onJobEnded?: (info: ExecutionGraphInfo) => void
  /** A client has got the result of a job that has ended. */
  readonly onResultFetched?: (jobId: string) => void
}

/** The components of a JobManager with its REST endpoint, started. */
export interface JobManager {
  readonly services: JobManagerServices
  /** `host:port` of its RPC. */
  readonly rpcAddress: string
  /** `host:port` of its REST endpoint. */
  readonly restAddress: string
  /**
   * Suspends the jobs that run and ends everything.
   *
   * @param status what the cluster manager is told of the application's end; undefined: it goes on elsewhere
   */
  close(status: ApplicationStatus | undefined, diagnostics: string): Promise<void>
}

/** Starts what all kinds of clusters have in their JobManager. What has started is ended again if that fails. */
export async function startJobManager(
  context: DaemonContext,
  hooks: JobManagerHooks,
): Promise<JobManager> {
  const { configuration, clock, random, log, folder } = context
  const addresses = new EventualAddresses()
  // Whoever waits for the start is told of its failure, once.
  const onFatalError = (error: unknown) => {
    if (!addresses.areMissing) context.onFatalError(error)
  }
  const own = log.child({ component: 'JobManager' })
  const memory = deriveJobManagerMemory(configuration)
  own.info(`Memory of this process:\n${renderMemoryTable(memory)}`)
  const highAvailabilityKind =
    context.highAvailability === undefined
      ? await loadHighAvailability(configuration, (name) => import(name))
      : undefined
  const address = jobManagerRpcAddress(configuration)
  if (address.warning !== undefined) own.warn(address.warning)
  const blobDirectory = blobFolder(configuration, folder)
  const security = loadTransportSecurity(configuration, 'create', context.secret)

  const shuffleService = await loadShuffleService(
    configuration.get(NettyShuffleEnvironmentOptions.SHUFFLE_SERVICE),
  )
  const shuffleMaster = await shuffleService.createShuffleMaster({ configuration, clock, log })
  const [driver, rpcService] = await Promise.all([
    loadDriver(configuration.get(ResourceManagerOptions.DRIVER), {
      configuration,
      clock,
      random,
      log,
      folder,
      addresses: () => addresses.promise,
      ...(context.tell === undefined ? {} : { tell: context.tell }),
    }),
    startRpcService({
      security,
      ...address,
      configuration,
      clock,
      log,
      hostKey: JobManagerOptions.BIND_HOST.key,
      portKey: address.portKey,
    }),
  ])
  const local = new LocalFileSystem(random)
  const fileSystems = createFileSystems({ configuration, clock, random, local })
  let highAvailability = context.highAvailability
  try {
    highAvailability ??= await highAvailabilityKind?.createHighAvailabilityServices({
      configuration,
      clock,
      random,
      log: log.child({ component: 'HighAvailability' }),
      fileSystems,
      contenderName: rpcService.address,
      onFatalError,
      onClusterEnded: () => hooks.onClusterShutDown('SUCCEEDED'),
    })
  } catch (error) {
    await rpcService.close()
    throw error
  }
  let services: JobManagerServices | undefined
  const { onJobEnded, onResultFetched } = hooks
  const rest = new RestServerEndpoint({
    configuration,
    clock,
    random,
    log,
    dispatcher: () => tellingResults(services?.dispatcher.gateway, onResultFetched),
    resourceManager: () => services?.resourceManager.gateway,
    storeProgram: (bytes) => services?.blobServer.lease(bytes),
    version: { version: FLINK_TS_VERSION, commit: 'unknown', revision: 'unknown' },
    uploadFolder: join(folder, 'upload'),
    secret: security.secret,
    ...(highAvailability === undefined ? {} : { highAvailability }),
  })
  const starting = startJobManagerServices({
    configuration,
    clock,
    random,
    log,
    rpcService,
    fileSystems,
    resourceId: resourceIdOf(configuration.get(JobManagerOptions.RESOURCE_ID), random),
    blobStore: new FileSystemBlobStore({
      fileSystem: local,
      parentDirectory: blobDirectory,
      random,
    }),
    resourceManagerDriver: driver,
    ...(highAvailability === undefined ? {} : { highAvailability }),
    shuffleMaster,
    version: { version: FLINK_TS_VERSION, nodeMajor: Number.parseInt(process.versions.node, 10) },
    moduleLoader: (module) => import(module),
    onClusterShutDown: hooks.onClusterShutDown,
    ...(onJobEnded === undefined ? {} : { onJobEnded }),
    fatalErrorHandler: onFatalError,
  }).then((started) => {
    services = started
    return started
  })
  const close = async (status: ApplicationStatus | undefined, diagnostics: string) => {
    // Clients see the end of the cluster before the jobs do.
    await rest.close()
    // Whoever waits for the start is told of its failure.
    await starting.catch(() => {})
    await services?.close(status, diagnostics)
    await rpcService.close()
  }
  try {
    const listening = rest.start().then(() => {
      addresses.known({ rpc: rpcService.address, rest: rest.address })
    })
    const [started] = await Promise.all([starting, listening])
    if (highAvailability !== undefined) warnOfUnreachableRest(rest.address, address.host, own)
    own.info('Listening', { rpc: rpcService.address, rest: rest.address })
    context.tell?.(`JobManager Web Interface: http://${rest.address}`)
    if (configuration.get(SecurityOptions.REST_AUTHENTICATION_ENABLED)) {
      context.tell?.(
        `It answers to those who know the secret of the cluster: ${security.secret.origin}`,
      )
    }
    return {
      services: started,
      rpcAddress: rpcService.address,
      restAddress: rest.address,
      close,
    }
  } catch (error) {
    addresses.missing(error)
    const { status, diagnostics } = startFailed(
      configuration,
      `the JobManager could not start: ${userMessage(error)}`,
    )
    await close(status, diagnostics).catch((cause) =>
      own.warn('Closing what had started failed', { error: cause }),
    )
    throw error
  }
}

function resourceIdOf(configured: string | undefined, random: Random): ResourceId {
  return (configured ?? random.hex(16)) as ResourceId
}

/** The gateway, whose answered results are told. */
function tellingResults(
  gateway: DispatcherGateway | undefined,
  onResultFetched: ((jobId: string) => void) | undefined,
): DispatcherGateway | undefined {
  if (gateway === undefined || onResultFetched === undefined) return gateway
  const requestJobResult: DispatcherGateway['requestJobResult'] = async (request, options) => {
    const response = await gateway.requestJobResult(request, options)
    if (response.result !== undefined) onResultFetched(request.jobId)
    return response
  }
  return new Proxy(gateway, {
    get: (target, name) =>
      name === 'requestJobResult' ? requestJobResult : Reflect.get(target, name),
  })
}

/** Where each JobManager is on a machine of its own, a REST address in the common configuration is wrong for all. */
function warnOfUnreachableRest(rest: string, rpcHost: string, log: Logger): void {
  const host = rest.slice(0, rest.lastIndexOf(':'))
  if (!isLoopback(host) || isLoopback(rpcHost)) return
  log.warn(
    `Clients and standbys on other machines cannot reach this JobManager when it leads: its REST address is ${rest}; remove rest.address from the configuration, or set it to a name of this machine, and rest.bind-address to 0.0.0.0`,
  )
}
