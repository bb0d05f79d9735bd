import { fileURLToPath } from 'node:url'
import { IllegalConfigurationError, ResourceManagerOptions } from '@flink-ts/core'
import type {
  ResourceManagerDriver,
  ResourceManagerDriverContext,
  ResourceManagerDriverFactory,
} from '@flink-ts/runtime'

/**
 * Loads the driver that `resourcemanager.driver` names.
 *
 * @throws IllegalConfigurationError when its package is not installed
 */
export async function loadDriver(
  name: string,
  context: ResourceManagerDriverContext,
): Promise<ResourceManagerDriver> {
  const packageName = `@flink-ts/resourcemanager-${name}`
  let module: { createResourceManagerDriver: ResourceManagerDriverFactory }
  try {
    module = await import(packageName)
  } catch (cause) {
    const { key } = ResourceManagerOptions.DRIVER
    const why = (cause as Error).message
    throw new IllegalConfigurationError(
      `Cannot load ${packageName} for '${key}: ${name}': ${why}; install it, or set '${key}' to standalone, process, yarn or mesos`,
      { key, cause },
    )
  }
  const taskManagerMain = fileURLToPath(new URL('../mains/task-manager.js', import.meta.url))
  return module.createResourceManagerDriver({ ...context, taskManagerMain })
}
