import { join } from 'node:path'
import {
  deriveJobManagerMemory,
  FileSystemRegistry,
  FLINK_TS_VERSION,
  JobManagerOptions,
  LocalFileSystem,
  type Random,
  type ResourceId,
  renderMemoryTable,
} from '@flink-ts/core'
import { RestServerEndpoint } from '@flink-ts/rest'
import {
  FileSystemBlobStore,
  type JobManagerServices,
  type ResourceManagerDriver,
  type ResourceManagerDriverContext,
  type ResourceManagerDriverFactory,
  startJobManagerServices,
} from '@flink-ts/runtime'
import { jobManagerRpcAddress } from '../addresses/job-manager-address.js'
import type { DaemonContext, RunningDaemon } from '../daemon/daemon.js'
import { startRpcService } from '../rpc/start-rpc-service.js'

/** Starts the components of a JobManager and its REST endpoint. */
export async function startStandaloneSession(context: DaemonContext): Promise<RunningDaemon> {
  const { configuration, clock, random, log, folder, onFatalError } = context
  const own = log.child({ component: 'JobManager' })
  const memory = deriveJobManagerMemory(configuration)
  own.info(`Memory of this process:\n${renderMemoryTable(memory)}`)
  const address = jobManagerRpcAddress(configuration)
  if (address.warning !== undefined) own.warn(address.warning)

  const [driver, rpcService] = await Promise.all([
    loadDriver('standalone', { configuration, clock, random, log }),
    startRpcService({
      ...address,
      bindPorts: String(address.bindPort),
      configuration,
      clock,
      log,
      hostKey: JobManagerOptions.BIND_HOST.key,
      portKey: JobManagerOptions.PORT.key,
    }),
  ])
  const local = new LocalFileSystem(random)
  let services: JobManagerServices | undefined
  const rest = new RestServerEndpoint({
    configuration,
    clock,
    random,
    log,
    dispatcher: () => services?.dispatcher.gateway,
    resourceManager: () => services?.resourceManager.gateway,
    storeProgram: (bytes) => services?.blobServer.lease(bytes),
    version: { version: FLINK_TS_VERSION, commit: 'unknown', revision: 'unknown' },
    uploadFolder: join(folder, 'upload'),
  })
  const starting = startJobManagerServices({
    configuration,
    clock,
    random,
    log,
    rpcService,
    fileSystems: new FileSystemRegistry([local]),
    resourceId: resourceIdOf(configuration.get(JobManagerOptions.RESOURCE_ID), random),
    blobStore: new FileSystemBlobStore({ fileSystem: local, parentDirectory: folder, random }),
    resourceManagerDriver: driver,
    version: { version: FLINK_TS_VERSION, nodeMajor: Number.parseInt(process.versions.node, 10) },
    moduleLoader: (module) => import(module),
    onClusterShutDown: (status) => context.shutDown(`the cluster was shut down: ${status}`),
    fatalErrorHandler: onFatalError,
  }).then((started) => {
    services = started
  })
  const close = async () => {
    // Clients see the end of the cluster before the jobs do.
    await rest.close()
    // Whoever waits for the start is told of its failure.
    await starting.catch(() => {})
    await services?.close('SUCCEEDED', 'the JobManager shuts down')
    await rpcService.close()
  }
  try {
    await Promise.all([starting, rest.start()])
  } catch (error) {
    await close().catch((cause) => own.warn('Closing what had started failed', { error: cause }))
    throw error
  }
  own.info('Listening', { rpc: rpcService.address, rest: rest.address })
  return { close }
}

function resourceIdOf(configured: string | undefined, random: Random): ResourceId {
  return (configured ?? random.hex(16)) as ResourceId
}

/** @throws FlinkError when the package of the driver is not installed */
async function loadDriver(
  name: string,
  context: ResourceManagerDriverContext,
): Promise<ResourceManagerDriver> {
  const module = (await import(`@flink-ts/resourcemanager-${name}`)) as {
    createResourceManagerDriver: ResourceManagerDriverFactory
  }
  return module.createResourceManagerDriver(context)
}
