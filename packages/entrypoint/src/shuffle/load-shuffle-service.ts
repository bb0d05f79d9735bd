import { IllegalConfigurationError, NettyShuffleEnvironmentOptions } from '@flink-ts/core'
import { networkShuffleService, type ShuffleServiceFactory } from '@flink-ts/network'

/**
 * Loads the service that `shuffle-service` names: the network, or what a module exports as `shuffleService`.
 *
 * @throws IllegalConfigurationError when there is no such module, or when it exports none
 */
export async function loadShuffleService(name: string): Promise<ShuffleServiceFactory> {
  if (name === 'network') return networkShuffleService
  const { key } = NettyShuffleEnvironmentOptions.SHUFFLE_SERVICE
  const module = /[/:]/.test(name) ? name : `@flink-ts/shuffle-${name}`
  let loaded: { shuffleService?: ShuffleServiceFactory }
  try {
    loaded = await import(module)
  } catch (cause) {
    const why = (cause as Error).message
    throw new IllegalConfigurationError(
      `Cannot load ${module} for '${key}: ${name}': ${why}; install it, or set '${key}' to network`,
      { key, cause },
    )
  }
  if (loaded.shuffleService === undefined) {
    throw new IllegalConfigurationError(
      `${module} is no shuffle service for '${key}: ${name}': it exports no shuffleService`,
      { key },
    )
  }
  return loaded.shuffleService
}
