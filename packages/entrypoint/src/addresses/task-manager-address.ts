import { type Configuration, TaskManagerOptions } from '@flink-ts/core'
import { bindHost } from './bind-host.js'
import { isLoopback } from './loopback.js'

/** Where a TaskManager listens and where it is reached. */
export interface TaskManagerAddress {
  readonly bindHost: string
  readonly host: string
  /** Ports to try for RPC. */
  readonly bindPorts: string
  /** Undefined: the port that was bound. */
  readonly port: number | undefined
}

export interface LocalHost {
  /** The address of this machine from which `host` is reached. */
  addressTowards(host: string): Promise<string>
  /** The name of this machine. */
  readonly hostName: string
}

/** @param jobManagerHost decides which of this machine's addresses is announced; not asked if `taskmanager.host` does */
export async function taskManagerAddress(
  configuration: Configuration,
  jobManagerHost: string | (() => Promise<string>),
  localHost: LocalHost,
): Promise<TaskManagerAddress> {
  const host =
    configuration.get(TaskManagerOptions.HOST) ??
    (await announcedHost(
      configuration,
      typeof jobManagerHost === 'string' ? jobManagerHost : await jobManagerHost(),
      localHost,
    ))
  const ports = configuration.get(TaskManagerOptions.RPC_PORT)
  const bindPort = configuration.get(TaskManagerOptions.RPC_BIND_PORT)
  return {
    host,
    bindHost: bindHost(configuration, TaskManagerOptions.BIND_HOST, host),
    bindPorts: bindPort === undefined ? ports : String(bindPort),
    port: bindPort !== undefined && /^[1-9]\d*$/.test(ports) ? Number(ports) : undefined,
  }
}

async function announcedHost(
  configuration: Configuration,
  jobManagerHost: string,
  localHost: LocalHost,
): Promise<string> {
  if (isLoopback(jobManagerHost)) return 'localhost'
  return configuration.get(TaskManagerOptions.HOST_BIND_POLICY) === 'name'
    ? localHost.hostName
    : localHost.addressTowards(jobManagerHost)
}
