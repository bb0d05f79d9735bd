import type { FileSystem } from '@flink-ts/core'
import type { ClusterTopology } from '../cluster/cluster-topology.js'
import type { SimulatedCluster } from '../cluster/simulated-cluster.js'
import { HA_STORAGE } from '../cluster/simulated-coordination.js'
import type { ClusterInvariants } from './cluster-invariants.js'

/** Within this time after the last fault and the end of the last job everything is given back. Virtual. */
const REST_WITHIN_MS = 600_000
/**
 * Workers that are not needed any more are released within this time, which is less than the
 * `taskmanager.registration.timeout` by which they would end by themselves.
 */
const WORKERS_RELEASED_WITHIN_MS = 240_000
const POLL_MS = 1_000
const LEFT_FILE = ' is left, and no node names it'
/** Longer than the interval of heartbeats: whoever still cares for an ended job is heard. */
const QUIET_MS = 12_000

export interface RestOptions {
  readonly cluster: SimulatedCluster
  readonly topology: ClusterTopology
  readonly invariants: ClusterInvariants
  /** Nobody should call their JobMasters any more. */
  readonly endedJobs: readonly string[]
}

/**
 * A cluster whose jobs have all ended comes to rest: no slot is held, in the eyes of TaskManagers and
 * ResourceManager, no network memory is used, no blob kept, no worker running that was started for
 * jobs, no JobMaster of an ended job is spoken with. What is not so in time is a violation.
 */
export async function checkAtRest(options: RestOptions): Promise<void> {
  const { cluster, invariants, endedJobs } = options
  const { world } = cluster
  const deadlineMs = cluster.nowMs + REST_WITHIN_MS
  const workersReleasedMs = cluster.nowMs + WORKERS_RELEASED_WITHIN_MS
  // Those that nobody asked for are nobody's to release.
  const isOrderly = cluster.faults.byKind['container duplicated'] === undefined
  let problems = await problemsOf(options)
  let isSwept = false
  while (problems.length > 0 && cluster.nowMs < deadlineMs) {
    // Files of earlier leaders go when the next one begins.
    if (!isSwept && problems.every((problem) => problem.endsWith(LEFT_FILE))) {
      isSwept = true
      world.coordination?.revokeLeadership()
    }
    if (isOrderly && cluster.nowMs > workersReleasedMs && hasContainers(cluster)) break
    await cluster.advance(POLL_MS)
    problems = await problemsOf(options)
  }
  for (const problem of problems) world.violated(`after all jobs ended ${problem}`)
  // A TaskManager to which the end was not told finds out by its heartbeats.
  while (cluster.nowMs < deadlineMs) {
    const sinceMs = cluster.nowMs
    await cluster.advance(QUIET_MS)
    if (invariants.lastCallForJobs(endedJobs).atMs < sinceMs) return
  }
  const { atMs, what } = invariants.lastCallForJobs(endedJobs)
  world.violated(`after all jobs ended ${what} was called at ${atMs} ms`)
}

function hasContainers({ clusterManager }: SimulatedCluster): boolean {
  return clusterManager !== undefined && clusterManager.containers.length > 0
}

async function problemsOf(options: RestOptions): Promise<string[]> {
  const { cluster, topology, invariants } = options
  const problems = invariants.heldSlots.map((slot) => `slot ${slot} is held`)
  for (const { process, shuffle } of topology.taskManagers.values()) {
    const { usedSegments, heapSegments } = shuffle.poolUsage()
    if (usedSegments + heapSegments > 0) {
      problems.push(`${process.name} uses ${usedSegments} + ${heapSegments} network buffers`)
    }
  }
  problems.push(...topology.blobKeys.map((key) => `blob ${key} is kept`))
  problems.push(...(await problemsOfCoordination(options)))
  const { clusterManager } = cluster
  if (clusterManager !== undefined) {
    problems.push(
      ...clusterManager.containers.map((each) => `${each} is neither used nor released`),
    )
  }
  // Cheaper things first: asking takes virtual time.
  if (problems.length > 0) return problems
  const { taskManagers, slotsTotal, slotsAvailable, jobsRunningOrPending } =
    await cluster.overview()
  if (slotsTotal !== slotsAvailable) {
    problems.push(`the ResourceManager has ${slotsAvailable} of ${slotsTotal} slots free`)
  }
  if (taskManagers !== topology.taskManagers.size) {
    problems.push(`${taskManagers} of ${topology.taskManagers.size} TaskManagers are registered`)
  }
  if (jobsRunningOrPending > 0) problems.push(`${jobsRunningOrPending} jobs run`)
  return problems
}

/** Nothing is kept for later leaders, and each JobManager that lives has one place in the election. */
async function problemsOfCoordination({
  cluster,
  topology,
  endedJobs,
}: RestOptions): Promise<string[]> {
  const { coordination, files } = cluster.world
  if (coordination === undefined) return []
  // What a driver keeps is of the cluster, not of its jobs.
  const ofJobs = coordination.entryPaths.filter((path) => !/\/\w+-workers(?:\/|$)/.test(path))
  const problems = ofJobs.map((path) => `node ${path} is left`)
  const { zooKeeper, latchNodes, clusterNode } = coordination
  const contenders = latchNodes.map((path) => zooKeeper.ownerOf(path) ?? 'somebody dead')
  const living = [...topology.jobManagers.values()].map(({ process }) => process.name)
  if (`${contenders.sort()}` !== `${living.sort()}`) {
    problems.push(`${contenders} take part in the election of ${living}`)
  }
  for (const name of zooKeeper.children(`${clusterNode}/leader`)) {
    if (endedJobs.includes(name)) problems.push(`the address of job ${name} is left`)
  }
  for (const path of await filesBelow(files, HA_STORAGE)) problems.push(`${path}${LEFT_FILE}`)
  return problems
}

async function filesBelow(files: FileSystem, folder: string): Promise<string[]> {
  if (!(await files.exists(folder))) return []
  const found: string[] = []
  for (const { path, isDirectory } of await files.list(folder)) {
    if (isDirectory) found.push(...(await filesBelow(files, path)))
    else found.push(path)
  }
  return found
}
