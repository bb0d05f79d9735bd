import { checkAtRest } from '../invariants/at-rest.js'
import type { ClusterInvariants } from '../invariants/cluster-invariants.js'
import { checkRecovered } from '../invariants/recovered.js'
import type { ClusterClient } from './cluster-client.js'
import type { ClusterTopology } from './cluster-topology.js'
import type { SimulatedCluster } from './simulated-cluster.js'
import { HA_STORAGE } from './simulated-coordination.js'
import type { SimulatedJobs } from './simulated-jobs.js'
import type { SimulatedProcess } from './simulated-process.js'
import type { SimulatedWorld } from './simulated-world.js'

/** What was written last arrives within this time. Virtual. */
const LAST_DATA_MS = 10_000

export interface CloseClusterOptions {
  readonly cluster: SimulatedCluster
  readonly topology: ClusterTopology
  readonly client: ClusterClient
  readonly jobs: SimulatedJobs
  readonly invariants: ClusterInvariants
}

/**
 * Ends all faults and then the cluster in good order, and checks that nothing is left.
 *
 * @throws InvariantViolation
 */
export async function closeCluster(options: CloseClusterOptions): Promise<void> {
  const { cluster, topology, client, jobs, invariants } = options
  const { world } = cluster
  await cluster.advance(Math.max(0, ...topology.processes.map(({ clock }) => clock.pauseMs)))
  cluster.heal()
  await checkRecovered({ cluster, jobs, invariants })
  if (jobs.unended.length === 0) {
    await checkAtRest({ cluster, topology, invariants, endedJobs: jobs.over })
  }
  const { processes } = topology
  await client.run('the end of the cluster', () => closeProcesses(topology, world))
  if (world.coordination !== undefined && jobs.unended.length === 0) {
    await checkCoordination(world)
  }
  cluster.clusterManager?.close()
  world.rpcNetwork.close()
  world.coordination?.zooKeeper.close()
  for (const { name, clock } of processes) {
    for (const timer of clock.pendingTimers) world.violated(`${name} left a timer: ${timer}`)
  }
  await cluster.advance(LAST_DATA_MS)
  checkNothingIsLeft(processes, world)
  world.dispose()
  if (world.violations.length > 0) await cluster.advance(0)
}

async function closeProcesses(topology: ClusterTopology, world: SimulatedWorld): Promise<void> {
  await Promise.all([...topology.taskManagers.values()].map((each) => each.close()))
  // The leader last: who closes it ends the cluster for good.
  const leader = world.coordination?.leader
  const jobManagers = [...topology.jobManagers.values()]
  const last = jobManagers.find(({ process }) => process.name === leader) ?? jobManagers[0]
  for (const each of jobManagers) if (each !== last) await each.close(false)
  await last?.close(true)
}

/** A cluster that was told to end leaves no node and no file. */
async function checkCoordination(world: SimulatedWorld): Promise<void> {
  const { coordination, files } = world
  const paths = coordination!.zooKeeper.paths
  if (paths.length > 0) world.violated(`the cluster has ended and left ${paths}`)
  const folder = `${HA_STORAGE}/${coordination!.settings.clusterId}`
  if (await files.exists(folder)) world.violated(`the cluster has ended and left ${folder}`)
}

function checkNothingIsLeft(processes: readonly SimulatedProcess[], world: SimulatedWorld): void {
  for (const { name, executor } of processes) {
    if (executor.pendingActions > 0) world.violated(`${name} left tasks that want to run`)
  }
  if (world.dataNetwork.openConnections > 0) world.violated('data connections were left open')
}
