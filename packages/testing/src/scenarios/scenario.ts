import type { Random } from '@flink-ts/core'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import type { SimulatedClusterOptions } from '../simulation/cluster/simulated-cluster-options.js'

/** What a scenario is run with. */
export interface ScenarioContext {
  /** Chance for the scenario's own choices, from the seed. */
  readonly random: Random
  /** Starts the cluster of this scenario; once. */
  start(options: Omit<SimulatedClusterOptions, 'seed'>): Promise<SimulatedCluster>
}

/** A story that must end well whatever the seed. What it throws is a violation. */
export interface Scenario {
  readonly name: string
  /** One sentence for people. */
  readonly description: string
  /** Whoever runs it closes the cluster. */
  run(context: ScenarioContext): Promise<void>
}
