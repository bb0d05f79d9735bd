import { FlinkError } from '@flink-ts/core'
import type {
  ContainerContext,
  ContainerEnvironment,
  ContainerEnvironmentReader,
} from '@flink-ts/runtime'

/**
 * What the container of a cluster manager says, as the package of its driver reads it: `--container yarn` asks
 * `@flink-ts/resourcemanager-yarn/container`.
 *
 * @returns undefined without a name
 * @throws FlinkError FLINK_DAEMON_ARGUMENT when there is no such package
 */
export async function loadContainerEnvironment(
  name: string | undefined,
  context: ContainerContext,
): Promise<ContainerEnvironment | undefined> {
  if (name === undefined) return undefined
  const module = `@flink-ts/resourcemanager-${name}/container`
  let loaded: { readonly readContainerEnvironment?: ContainerEnvironmentReader }
  try {
    loaded = await import(module)
  } catch (cause) {
    throw refused(name, `${module} cannot be loaded: ${(cause as Error).message}`, cause)
  }
  const { readContainerEnvironment } = loaded
  if (readContainerEnvironment === undefined) {
    throw refused(name, `${module} exports no readContainerEnvironment`)
  }
  return readContainerEnvironment(context)
}

function refused(name: string, why: string, cause?: unknown): FlinkError {
  return new FlinkError(`Cannot start in a container of '${name}': ${why}`, {
    code: 'FLINK_DAEMON_ARGUMENT',
    cause,
  })
}
