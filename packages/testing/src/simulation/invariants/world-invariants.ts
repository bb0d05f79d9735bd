import type { SimulatedWorld } from '../cluster/simulated-world.js'
import { CheckpointInvariants } from './checkpoint-invariants.js'
import { ClusterInvariants } from './cluster-invariants.js'
import { FencingInvariant } from './fencing-invariant.js'
import { StaleReportInvariant } from './stale-report-invariant.js'

/** All that must always hold in a simulated world, checked with each line that is logged and each call that is made. */
export class WorldInvariants {
  readonly cluster: ClusterInvariants
  readonly checkpoints: CheckpointInvariants

  /** @param hasElections without a coordination service nobody has ever lost its leadership */
  constructor(world: SimulatedWorld, hasElections: boolean) {
    this.cluster = new ClusterInvariants(world)
    this.checkpoints = new CheckpointInvariants(world)
    const fencing = new FencingInvariant((what) => world.violated(what))
    const staleReports = new StaleReportInvariant((what) => world.violated(what))
    world.onLog = (observation) => {
      this.cluster.observe(observation)
      this.checkpoints.observe(observation)
      staleReports.observeLog(observation)
      fencing.observeLog(observation)
    }
    world.onRpc = (event) => {
      this.cluster.observeCall(event)
      staleReports.observe(event)
      if (hasElections) fencing.observe(event)
    }
  }
}
