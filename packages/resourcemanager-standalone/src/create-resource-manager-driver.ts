import type { ResourceManagerDriver, ResourceManagerDriverContext } from '@flink-ts/runtime'
import { StandaloneResourceManagerDriver } from './standalone-resource-manager-driver.js'

/** How `entrypoint` and `client` get the driver of a package that they load by its name. */
export function createResourceManagerDriver(
  context: ResourceManagerDriverContext,
): ResourceManagerDriver {
  return new StandaloneResourceManagerDriver(context.log)
}
