import type { ClusterManager, ClusterManagerOptions } from './cluster-manager.js'
import { SimulatedClusterManager } from './simulated-cluster-manager.js'
import type { SimulatedClusterOptions } from './simulated-cluster-options.js'
import { SimulatedMesosManager } from './simulated-mesos-manager.js'

/** @returns undefined: the cluster is standalone */
export function createClusterManager(
  elastic: NonNullable<SimulatedClusterOptions['elastic']>,
  options: ClusterManagerOptions,
): ClusterManager | undefined {
  if (elastic === 'mesos') return new SimulatedMesosManager(options)
  return elastic ? new SimulatedClusterManager(options) : undefined
}
