import type {
  ResourceManagerDriver,
  ResourceManagerDriverContext,
  ResourceManagerDriverFactory,
} from '@flink-ts/runtime'

/** @throws FlinkError when the package of the driver is not installed */
export async function loadDriver(
  name: string,
  context: ResourceManagerDriverContext,
): Promise<ResourceManagerDriver> {
  const module = (await import(`@flink-ts/resourcemanager-${name}`)) as {
    createResourceManagerDriver: ResourceManagerDriverFactory
  }
  return module.createResourceManagerDriver(context)
}
