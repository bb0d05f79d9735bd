export {
  SimulatedCluster,
  type SimulatedClusterOptions,
} from './simulation/cluster/simulated-cluster.js'
