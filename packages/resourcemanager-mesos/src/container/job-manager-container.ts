import { hostname } from 'node:os'
import {
  type ConfigOptionWithDefault,
  type Configuration,
  HighAvailabilityOptions,
  isLoopback,
  JobManagerOptions,
  MesosOptions,
  ResourceManagerOptions,
  RestOptions,
  SecurityOptions,
} from '@flink-ts/core'
import type { ContainerContext, ContainerEnvironment } from '@flink-ts/runtime'
import { bindTo, unlessSet } from './addresses.js'
import { sandboxOf } from './sandbox.js'

type Environment = ContainerContext['environment']

/**
 * Where the JobManager of a cluster on Mesos is: what the configuration says, else what Marathon gave (`HOST`, and its ports in the order
 * REST, RPC, artifact server), else this machine.
 */
export function jobManagerContainer(
  { configuration, environment }: ContainerContext,
  machine: string = hostname(),
): ContainerEnvironment {
  const host = hostOf(configuration, environment, machine)
  const restHost = usableHost(configuration, configuration.getString(RestOptions.ADDRESS.key))
  const sandbox = sandboxOf(environment)
  return {
    properties: {
      [ResourceManagerOptions.DRIVER.key]: 'mesos',
      [JobManagerOptions.ADDRESS.key]: host,
      [RestOptions.ADDRESS.key]: restHost ?? host,
      ...bindTo(configuration, JobManagerOptions.BIND_HOST.key, host),
      ...bindTo(configuration, RestOptions.BIND_ADDRESS.key, host),
      ...givenPorts(configuration, environment),
      // Machines are shared with strangers.
      ...unlessSet(configuration, { [SecurityOptions.REST_AUTHENTICATION_ENABLED.key]: 'true' }),
    },
    ...(sandbox === undefined ? {} : { logFile: `${sandbox}/flink-jobmanager.log` }),
  }
}

function hostOf(configuration: Configuration, environment: Environment, machine: string): string {
  const configured = configuration.getString(JobManagerOptions.ADDRESS.key)
  return usableHost(configuration, configured) ?? marathon(environment, 'HOST') ?? machine
}

/** Loopback, as example configurations have it, is meant only where the masters are there as well. */
function usableHost(configuration: Configuration, host: string | undefined): string | undefined {
  const name = host?.trim()
  if (!name) return undefined
  return isLoopback(name) && !areMastersLocal(configuration) ? undefined : name
}

function areMastersLocal(configuration: Configuration): boolean {
  const master = configuration.get(MesosOptions.MASTER_URL)?.trim() ?? ''
  const hosts = master
    .replace(/^[a-z]+:\/\/(?:[^@/]*@)?/, '')
    .replace(/\/.*$/, '')
    .split(',')
    .map((address) => address.trim().replace(/:\d+$/, ''))
  return hosts.every((host) => isLoopback(host))
}

/** What Marathon found free on the agent; ports of example configurations are nobody's wish. */
function givenPorts(
  configuration: Configuration,
  environment: Environment,
): Record<string, string> {
  const properties: Record<string, string> = {}
  const give = (name: string, ...options: readonly ConfigOptionWithDefault<number | string>[]) => {
    const port = marathon(environment, name)
    if (port === undefined) return
    const [main] = options
    if (String(configuration.get(main!)) !== String(main!.defaultValue)) return
    for (const { key } of options) properties[key] = port
  }
  give('PORT0', RestOptions.PORT)
  give('PORT1', JobManagerOptions.PORT, HighAvailabilityOptions.HA_JOB_MANAGER_PORT_RANGE)
  give('PORT2', MesosOptions.ARTIFACT_SERVER_PORT)
  return properties
}

/** `HOST` and `PORT0` may mean something else where no Marathon is. */
function marathon(environment: Environment, name: string): string | undefined {
  if (!environment['MARATHON_APP_ID']) return undefined
  return environment[name] || undefined
}
