import { type Configuration, IllegalConfigurationError, MesosOptions } from '@flink-ts/core'
import type { ContainerInfo, MesosVolume } from '@flink-ts/mesos-client'

/**
 * The container in which TaskManagers run; undefined: the agent's own, on its file system. The network is that of the machine, for
 * TaskManagers tell each other where they are.
 *
 * @throws IllegalConfigurationError for `docker` without an image, or words for it without `docker`
 */
export function taskContainer(configuration: Configuration): ContainerInfo | undefined {
  const image = configuration.get(MesosOptions.TASKS_CONTAINER_IMAGE_NAME)?.trim()
  const volumes = taskVolumes(configuration)
  const parameters = configuration.get(MesosOptions.TASKS_DOCKER_PARAMETERS) ?? []
  const { key: typeKey } = MesosOptions.TASKS_CONTAINER_TYPE
  if (configuration.get(MesosOptions.TASKS_CONTAINER_TYPE) === 'docker') {
    if (!image) {
      const { key } = MesosOptions.TASKS_CONTAINER_IMAGE_NAME
      throw new IllegalConfigurationError(
        `'${key}' is not set: '${typeKey}' is docker; expected the name of an image, such as registry.example.org/flink-ts:latest`,
        { key },
      )
    }
    const forcePullImage = configuration.get(MesosOptions.TASKS_DOCKER_FORCE_PULL_IMAGE)
    return { type: 'DOCKER', image, forcePullImage, volumes, parameters, network: 'HOST' }
  }
  if (parameters.length > 0) {
    const { key } = MesosOptions.TASKS_DOCKER_PARAMETERS
    throw new IllegalConfigurationError(
      `'${key}' is for docker, and '${typeKey}' is mesos: set '${typeKey}' to docker, or remove '${key}'`,
      { key },
    )
  }
  if (!image && volumes.length === 0) return undefined
  return { type: 'MESOS', ...(image ? { image } : {}), volumes }
}

/** A volume of which nobody says where it is on the agent is a folder in the sandbox, which goes with the task. */
function taskVolumes(configuration: Configuration): MesosVolume[] {
  const volumes = configuration.get(MesosOptions.TASKS_CONTAINER_VOLUMES) ?? []
  // Mesos wants a path, and takes a relative one as of the sandbox.
  return volumes.map((volume, i) => ({ hostPath: `volume-${i + 1}`, ...volume }))
}
