import {
  type Clock,
  type Configuration,
  type FileSystems,
  FlinkError,
  HighAvailabilityOptions,
  IllegalConfigurationError,
  isHighlyAvailable,
  type Logger,
  type Random,
} from '@flink-ts/core'
import type {
  HighAvailabilityServices,
  LeaderComponent,
  LeaderRetriever,
} from './high-availability-services.js'

/** What TaskManagers and clients know of high availability. */
export interface LeaderRetrievalContext {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Nobody will ever be found: credentials are refused, say. Called once; by default it is logged as an error. */
  readonly onFatalError?: (error: Error) => void
}

export interface HighAvailabilityContext extends LeaderRetrievalContext {
  readonly fileSystems: FileSystems
  /** Of this JobManager, for people: `host:port` of its RPC service. */
  readonly contenderName: string
  /** The cluster has ended, by its leader or by a person, perhaps some time ago: this JobManager is to end, too. Called at most once. */
  readonly onClusterEnded?: () => void
}

/** Finds leaders, takes no part in their election, and changes nothing. */
export interface LeaderRetrieval {
  leaderRetriever(component: LeaderComponent): LeaderRetriever
  /** Ends all retrievers. Idempotent. */
  close(): Promise<void>
}

/** What a module that `high-availability.type` names exports. */
export interface HighAvailabilityFactory {
  /** For a JobManager. @throws IllegalConfigurationError */
  createHighAvailabilityServices(
    context: HighAvailabilityContext,
  ): HighAvailabilityServices | Promise<HighAvailabilityServices>
  /** For everybody else. @throws IllegalConfigurationError */
  createLeaderRetrieval(context: LeaderRetrievalContext): LeaderRetrieval | Promise<LeaderRetrieval>
}

const ZOOKEEPER_PACKAGE = '@flink-ts/ha-zookeeper'

interface ZooKeeperPackage {
  readonly createZooKeeperHaServices: HighAvailabilityFactory['createHighAvailabilityServices']
  readonly createZooKeeperLeaderRetrieval: HighAvailabilityFactory['createLeaderRetrieval']
}

/**
 * Loads what `high-availability.type` names; nothing is loaded without high availability.
 *
 * @param loadModule imports a module by its name
 * @returns undefined if there is one JobManager only
 * @throws IllegalConfigurationError if there is no such kind, or its module cannot be loaded
 */
export async function loadHighAvailability(
  configuration: Configuration,
  loadModule: (module: string) => Promise<unknown>,
): Promise<HighAvailabilityFactory | undefined> {
  if (!isHighlyAvailable(configuration)) return undefined
  const type = configuration.get(HighAvailabilityOptions.HA_MODE).trim()
  const { key } = HighAvailabilityOptions.HA_MODE
  switch (type.toUpperCase()) {
    case 'ZOOKEEPER': {
      const found = await load<ZooKeeperPackage>(type, ZOOKEEPER_PACKAGE, loadModule)
      return {
        createHighAvailabilityServices: found.createZooKeeperHaServices,
        createLeaderRetrieval: found.createZooKeeperLeaderRetrieval,
      }
    }
    case 'KUBERNETES':
      throw new IllegalConfigurationError(
        `'${key}: ${type}' is not there yet: set it to ZOOKEEPER, or to NONE`,
        { key },
      )
  }
  const module = await load<Partial<HighAvailabilityFactory>>(type, type, loadModule)
  const { createHighAvailabilityServices, createLeaderRetrieval } = module
  if (
    typeof createHighAvailabilityServices !== 'function' ||
    typeof createLeaderRetrieval !== 'function'
  ) {
    throw new IllegalConfigurationError(
      `The module of '${key}: ${type}' is none for high availability: it must export createHighAvailabilityServices and createLeaderRetrieval (HighAvailabilityFactory of @flink-ts/runtime)`,
      { key },
    )
  }
  return { createHighAvailabilityServices, createLeaderRetrieval }
}

async function load<M>(
  type: string,
  module: string,
  loadModule: (module: string) => Promise<unknown>,
): Promise<M> {
  try {
    return (await loadModule(module)) as M
  } catch (cause) {
    const { key } = HighAvailabilityOptions.HA_MODE
    const reason = FlinkError.is(cause) || cause instanceof Error ? cause.message : String(cause)
    throw new IllegalConfigurationError(
      `Cannot load ${module} for '${key}: ${type}': ${reason}; expected NONE, ZOOKEEPER, or the name of a module that is installed here`,
      { key, cause },
    )
  }
}
