import {
  type Configuration,
  isHighlyAvailable,
  MesosOptions,
  splitHostAndPort,
} from '@flink-ts/core'
import type { FrameworkCapability, FrameworkInfo } from '@flink-ts/mesos-client'

/** Seconds for which a framework may be away that nobody could take over. */
const NOBODY_COMES_BACK_SECONDS = 120

const CAPABILITIES: readonly FrameworkCapability[] = [
  'PARTITION_AWARE',
  'TASK_KILLING_STATE',
  'MULTI_ROLE',
]

/** What the configuration does not say of a framework. */
export interface FrameworkPlace {
  /** Of this process; `mesos.resourcemanager.framework.user` comes before it. */
  readonly user: string
  /** `host:port` of the REST endpoint, if there is one. */
  readonly rest?: string
  /** Whether TaskManagers need GPUs: agents that have some are offered to nobody else. */
  readonly needsGpus: boolean
}

/** What the framework says of itself, but for its id. */
export function frameworkInfoOf(
  configuration: Configuration,
  { user, rest, needsGpus }: FrameworkPlace,
): FrameworkInfo {
  const principal = configuration.get(MesosOptions.FRAMEWORK_PRINCIPAL)
  return {
    name: configuration.get(MesosOptions.FRAMEWORK_NAME),
    user: configuration.get(MesosOptions.FRAMEWORK_USER) ?? user,
    roles: configuration.get(MesosOptions.FRAMEWORK_ROLES),
    failoverTimeoutSeconds: failoverTimeoutSecondsOf(configuration),
    checkpoint: true,
    capabilities: needsGpus ? [...CAPABILITIES, 'GPU_RESOURCES'] : CAPABILITIES,
    ...(principal === undefined ? {} : { principal }),
    ...(rest === undefined
      ? {}
      : { hostname: splitHostAndPort(rest).host, webuiUrl: `http://${rest}` }),
  }
}

function failoverTimeoutSecondsOf(configuration: Configuration): number {
  const mayComeBack =
    isHighlyAvailable(configuration) || configuration.contains(MesosOptions.FRAMEWORK_ID_FILE)
  return mayComeBack || configuration.contains(MesosOptions.FAILOVER_TIMEOUT_SECONDS)
    ? configuration.get(MesosOptions.FAILOVER_TIMEOUT_SECONDS)
    : NOBODY_COMES_BACK_SECONDS
}
