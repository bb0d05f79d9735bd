import {
  type Configuration,
  HighAvailabilityOptions,
  IllegalConfigurationError,
  isHighlyAvailable,
  JobManagerOptions,
} from '@flink-ts/core'
import { bindHost } from './bind-host.js'
import { hostAndPort, isLoopback, numericLoopback } from './loopback.js'

/** Where a JobManager listens for RPC and where it is reached. */
export interface JobManagerRpcAddress {
  readonly bindHost: string
  /** Ports to try. */
  readonly bindPorts: string
  /** The key of what decides the port. */
  readonly portKey: string
  readonly host: string
  /** Undefined: the port that was bound. */
  readonly port: number | undefined
  /** Others cannot reach it, though the configuration looks as if they should. */
  readonly warning: string | undefined
}

/** @throws IllegalConfigurationError without `jobmanager.rpc.address` */
export function jobManagerRpcAddress(configuration: Configuration): JobManagerRpcAddress {
  const host = requireHost(configuration)
  // Nobody has to know the port of one of several beforehand, nor that of one for which any will do.
  const anyPort = configuration.get(JobManagerOptions.PORT) === 0
  const option =
    isHighlyAvailable(configuration) || anyPort
      ? HighAvailabilityOptions.HA_JOB_MANAGER_PORT_RANGE
      : JobManagerOptions.PORT
  const ports = String(configuration.get<number | string>(option))
  const bindPort = configuration.get(JobManagerOptions.RPC_BIND_PORT)
  const bound = bindHost(configuration, JobManagerOptions.BIND_HOST, host)
  const { key } = JobManagerOptions.BIND_HOST
  return {
    bindHost: bound,
    bindPorts: bindPort === undefined ? ports : String(bindPort),
    portKey: option.key,
    host: numericLoopback(host),
    port: bindPort !== undefined && /^[1-9]\d*$/.test(ports) ? Number(ports) : undefined,
    warning:
      isLoopback(bound) && !isLoopback(host)
        ? `Only processes of this machine can reach the JobManager: '${key}' is ${bound}, though '${JobManagerOptions.ADDRESS.key}' is ${host}; set '${key}' to 0.0.0.0 or to an address of this machine`
        : undefined,
  }
}

/**
 * `host:port` under which TaskManagers find the JobManager.
 *
 * @throws IllegalConfigurationError without `jobmanager.rpc.address`
 */
export function configuredJobManager(configuration: Configuration): {
  host: string
  address: string
} {
  const host = requireHost(configuration)
  const port = configuration.get(JobManagerOptions.PORT)
  return { host, address: hostAndPort(numericLoopback(host), port) }
}

function requireHost(configuration: Configuration): string {
  const { key } = JobManagerOptions.ADDRESS
  const host = configuration.get(JobManagerOptions.ADDRESS)?.trim()
  if (host) return host
  throw new IllegalConfigurationError(
    `Cannot tell where the JobManager is: set '${key}' to its host name, such as localhost`,
    { key },
  )
}
