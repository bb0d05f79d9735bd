import {
  type Configuration,
  CoreOptions,
  createFileSystems,
  FlinkError,
  HighAvailabilityOptions,
  isHighlyAvailable,
  JobManagerOptions,
  type Logger,
  ResourceManagerOptions,
  RestOptions,
  TaskManagerOptions,
  YarnOptions,
} from '@flink-ts/core'
import type { ContainerContext, ContainerEnvironment } from '@flink-ts/runtime'
import { readDeployment } from './deployment-file.js'
import { StagingFolder } from './staging-folder.js'

const APPLICATION_OF_CONTAINER = /^container_(?:e\d+_)?(\d+_\d+)_\d+_\d+$/

/**
 * What YARN's NodeManager says to the process of a container: under which name its machine is reached, where its disks and logs are,
 * which application it belongs to.
 *
 * @throws FlinkError FLINK_YARN_CONTAINER when this is no container of YARN
 */
export async function readContainerEnvironment(
  context: ContainerContext,
): Promise<ContainerEnvironment> {
  const { kind, configuration, environment } = context
  const host = variable(environment, 'NM_HOST')
  const containerId = variable(environment, 'CONTAINER_ID')
  const [logFolder] = variable(environment, 'LOG_DIRS').split(',')
  const application = APPLICATION_OF_CONTAINER.exec(containerId)?.[1]
  if (application === undefined) throw noContainer(`CONTAINER_ID is ${containerId}`)
  const ofKind =
    kind === 'jobmanager' ? jobManager(configuration, host) : taskManager(configuration, host)
  const properties: Record<string, string> = {
    ...ofKind,
    ...unlessSet(configuration, {
      [CoreOptions.TMP_DIRS.key]: variable(environment, 'LOCAL_DIRS'),
    }),
  }
  if (!configuration.contains(HighAvailabilityOptions.HA_CLUSTER_ID)) {
    properties[HighAvailabilityOptions.HA_CLUSTER_ID.key] = `application_${application}`
  }
  return {
    properties,
    logFile: `${logFolder}/${kind}.log`,
    ...(kind === 'jobmanager' ? await endOfApplication(context) : {}),
  }
}

/** Whatever the configuration says, the JobManager is where YARN put it; its ports are free ones unless somebody wants others. */
function jobManager(configuration: Configuration, host: string): Record<string, string> {
  const rpcPorts = configuration.getOptional(YarnOptions.APPLICATION_MASTER_PORT)
  return {
    [JobManagerOptions.ADDRESS.key]: host,
    [JobManagerOptions.PORT.key]: '0',
    [RestOptions.ADDRESS.key]: host,
    ...bindTo(configuration, JobManagerOptions.BIND_HOST.key, host),
    ...bindTo(configuration, RestOptions.BIND_ADDRESS.key, host),
    ...unlessSet(configuration, {
      [RestOptions.BIND_PORT.key]: '0',
      [ResourceManagerOptions.DRIVER.key]: 'yarn',
      ...(rpcPorts === undefined
        ? {}
        : { [HighAvailabilityOptions.HA_JOB_MANAGER_PORT_RANGE.key]: rpcPorts }),
    }),
  }
}

function taskManager(configuration: Configuration, host: string): Record<string, string> {
  return {
    [TaskManagerOptions.HOST.key]: host,
    ...bindTo(configuration, TaskManagerOptions.BIND_HOST.key, host),
  }
}

/** A machine that calls itself loopback is reached by nobody else; on any other loopback in a configuration is meant for one machine. */
function bindTo(configuration: Configuration, key: string, host: string): Record<string, string> {
  if (isLoopback(host)) return { [key]: host }
  const given = configuration.getString(key)
  return given === undefined || isLoopback(given) ? { [key]: '0.0.0.0' } : {}
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function unlessSet(
  configuration: Configuration,
  properties: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).filter(([key]) => configuration.getString(key) === undefined),
  )
}

/** Where no other attempt can come, an ApplicationMaster that is told to end takes the files of its application with it. */
async function endOfApplication(
  context: ContainerContext,
): Promise<Pick<ContainerEnvironment, 'onTerminationSignal'>> {
  const { configuration, configurationFolder, clock, random } = context
  const attempts = configuration.get(YarnOptions.APPLICATION_ATTEMPTS) ?? 1
  if (isHighlyAvailable(configuration) || attempts > 1) return {}
  const { stagingFolder: url } = await readDeployment(configurationFolder)
  if (url === undefined) return {}
  const fileSystems = createFileSystems({ configuration, clock, random })
  const stagingFolder = new StagingFolder({ url, fileSystems })
  stagingFolder.prepareLater(clock)
  return { onTerminationSignal: (log: Logger) => stagingFolder.remove(log) }
}

function variable(environment: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = environment[name]
  if (value) return value
  throw noContainer(`${name} is not set`)
}

function noContainer(why: string): FlinkError {
  return new FlinkError(
    `This process is in no container of YARN: ${why}; leave --container yarn out to start it elsewhere`,
    { code: 'FLINK_YARN_CONTAINER' },
  )
}
