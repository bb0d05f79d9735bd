import type { Configuration } from '@flink-ts/core'
import type { DeployedTarget } from './target.js'

/** Under which keys configurations name a cluster of a platform, as Flink does. */
function keysOf(platform: string): readonly [string, ...string[]] {
  return platform === 'kubernetes'
    ? ['kubernetes.cluster-id']
    : [`${platform}.application.id`, `${platform}.cluster-id`]
}

/** Which cluster of the platform is meant. */
export function configuredClusterId(
  configuration: Configuration,
  platform: string,
): string | undefined {
  for (const key of keysOf(platform)) {
    const id = configuration.getString(key)?.trim()
    if (id) return id
  }
  return undefined
}

/** Words of a command line that mean this cluster. */
export function clusterWords({ name, platform }: DeployedTarget, clusterId: string): string {
  return `-t ${name} -D${keysOf(platform)[0]}=${clusterId}`
}
