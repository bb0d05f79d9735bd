import {
  type Clock,
  type Configuration,
  FlinkError,
  type Logger,
  NettyShuffleEnvironmentOptions as Options,
  parsePortRange,
  type ResourceId,
  SecurityOptions,
  type TaskManagerMemory,
  TaskManagerMemoryOptions,
} from '@flink-ts/core'
import type { TransportSecurity } from '@flink-ts/core/security'
import { shuffleSettings, type TaskManagerShuffle, threadedNetworkIo } from '@flink-ts/network'
import { loadShuffleService } from '../shuffle/load-shuffle-service.js'

export interface StartShuffleEnvironmentOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Logger
  readonly security: TransportSecurity
  readonly memory: TaskManagerMemory
  readonly resourceId: ResourceId
  readonly host: string
  readonly bindHost: string
  readonly onFatalError: (error: unknown) => void
}

/**
 * The network of a TaskManager process: its buffers, and a thread that speaks with its peers on the first free one of
 * the data ports.
 *
 * @throws FlinkError FLINK_DATA_PORT, IllegalConfigurationError
 */
export async function startShuffleEnvironment(
  options: StartShuffleEnvironmentOptions,
): Promise<TaskManagerShuffle> {
  const ports = dataPorts(options.configuration)
  let failure: unknown
  for (const port of ports) {
    try {
      return await start(options, port)
    } catch (error) {
      if (!FlinkError.is(error) || error.code !== 'FLINK_DATA_PORT') throw error
      failure = error
    }
  }
  if (ports.length === 1) throw failure
  throw new FlinkError(
    `Cannot listen for data connections on ${options.bindHost}, ports ` +
      `${options.configuration.get(Options.DATA_BIND_PORT)}: set ${Options.DATA_BIND_PORT.key} to ports that are free`,
    { code: 'FLINK_DATA_PORT', cause: failure },
  )
}

async function start(
  options: StartShuffleEnvironmentOptions,
  port: number,
): Promise<TaskManagerShuffle> {
  const { configuration, clock, log, memory, resourceId, host, bindHost, onFatalError } = options
  const security: TransportSecurity = {
    ...options.security,
    tls: configuration.get(SecurityOptions.DATA_SSL_ENABLED) ? options.security.tls : undefined,
  }
  const segmentBytes = configuration.get(TaskManagerMemoryOptions.SEGMENT_SIZE)
  const service = await loadShuffleService(configuration.get(Options.SHUFFLE_SERVICE))
  return service.createShuffleEnvironment({
    configuration,
    resourceId,
    host,
    numberOfSegments: Math.floor(memory.networkMemory / segmentBytes),
    segmentBytes,
    clock,
    log: log.child({ component: 'ShuffleEnvironment' }),
    ...shuffleSettings(configuration),
    io: threadedNetworkIo({
      bindHost,
      port,
      advertisedPort: advertisedPort(configuration),
      security,
      onFatalError,
    }),
  })
}

/** Where peers reach this process, if that differs from where it listens. */
function advertisedPort(configuration: Configuration): number | undefined {
  if (configuration.get(Options.DATA_BIND_PORT) === undefined) return undefined
  const port = configuration.get(Options.DATA_PORT)
  return port === 0 ? undefined : port
}

function dataPorts(configuration: Configuration): number[] {
  const range = configuration.get(Options.DATA_BIND_PORT)
  const ports = range === undefined ? undefined : parsePortRange(range)
  return ports ?? [configuration.get(Options.DATA_PORT)]
}
