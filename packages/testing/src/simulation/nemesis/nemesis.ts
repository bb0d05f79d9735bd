import type { Random } from '@flink-ts/core'
import type { ContainerFaults } from '../cluster/cluster-manager.js'
import type { SimulatedCluster } from '../cluster/simulated-cluster.js'
import { CALM_NETWORK } from '../network/seeded-rpc-policy.js'

export interface NemesisOptions {
  readonly random: Random
  /** How long faults go on. Virtual milliseconds. */
  readonly periodMs: number
  /** The mean time between two faults. Default 3 s. */
  readonly meanPauseMs?: number
  /** So many TaskManagers are left running, or started again. Default 2. */
  readonly minTaskManagers?: number
  /** JobManagers may crash and lose their leadership. Default true; only with high availability. */
  readonly leaders?: boolean
  /** Looks at the cluster before each fault; virtual time stands still. */
  readonly look?: () => Promise<void>
}

/** A bad cluster manager. */
export function badContainers(random: Random): ContainerFaults {
  return {
    refused: random.next() * 0.4,
    lost: random.next() * 0.3,
    late: random.next() * 0.3,
    duplicated: random.next() * 0.3,
  }
}

type Fault = (cluster: SimulatedCluster, random: Random, options: NemesisOptions) => unknown

/** Name of each kind of fault to what it does. A fault that cannot be done now does nothing. */
const FAULTS: Readonly<Record<string, Fault>> = {
  badNetwork: ({ faultInjection }, random) =>
    faultInjection.network({
      minDelayMs: 0.2,
      maxDelayMs: 2 + random.next() * 100,
      slowProbability: random.next() * 0.1,
      slowFactor: 50,
      requestLoss: random.next() * 0.15,
      responseLoss: random.next() * 0.15,
      duplication: random.next() * 0.2,
    }),
  calmNetwork: ({ faultInjection }) => faultInjection.network(CALM_NETWORK),
  crashTaskManager: (cluster, random, { minTaskManagers = 2 }) => {
    const { taskManagers } = cluster
    if (taskManagers.length <= minTaskManagers) return
    cluster.crashTaskManager(pick(taskManagers, random), { silent: random.next() < 0.3 })
  },
  restartTaskManager: async (cluster, random) => {
    if (cluster.clusterManager !== undefined) return
    const gone = cluster.lostTaskManagers
    if (gone.length > 0) await cluster.startTaskManager(pick(gone, random))
  },
  replaceTaskManager: async (cluster, random) => {
    if (cluster.clusterManager !== undefined) return
    // A new process at the same address, before anybody has noticed that the old one is gone.
    const number = pick(cluster.taskManagers, random)
    cluster.crashTaskManager(number, { silent: random.next() < 0.5 })
    await cluster.advance(random.next() * 2_000)
    await cluster.startTaskManager(number)
  },
  partition: ({ faultInjection }, random) =>
    faultInjection.partition(
      pick(faultInjection.processes, random),
      pick(['both', 'incoming', 'outgoing'] as const, random),
    ),
  blockLink: ({ faultInjection }, random) => {
    const from = pick(faultInjection.processes, random)
    const others = faultInjection.processes.filter((name) => name !== from)
    if (others.length > 0) faultInjection.blockLink(from, pick(others, random))
  },
  healPartitions: ({ faultInjection }) => faultInjection.heal(),
  pause: ({ faultInjection }, random) =>
    faultInjection.pause(pick(faultInjection.processes, random), random.next() ** 3 * 80_000),
  slowDown: ({ faultInjection }, random) =>
    faultInjection.slowDown(pick(faultInjection.processes, random), 1 + random.next() * 50),
  jumpClock: ({ faultInjection }, random) =>
    faultInjection.jumpClock(
      pick(faultInjection.processes, random),
      random.next() ** 2 * 86_400_000,
    ),
  badContainers: ({ faultInjection, clusterManager }, random) => {
    if (clusterManager === undefined) return
    faultInjection.containers(badContainers(random))
  },
  revokeLeadership: ({ faultInjection, world }, _random, { leaders = true }) => {
    if (leaders && world.coordination !== undefined) faultInjection.revokeLeadership()
  },
  expireLeader: ({ faultInjection, world }, random, { leaders = true }) => {
    if (leaders && world.coordination !== undefined) {
      faultInjection.expireLeader(random.next() ** 2 * 40_000)
    }
  },
  cutFromZooKeeper: ({ faultInjection, world }, random, { leaders = true }) => {
    if (!leaders || world.coordination === undefined) return
    const leader = random.next() < 0.6 ? world.coordination.leader : undefined
    faultInjection.cutFromZooKeeper(
      leader ?? pick(faultInjection.processes, random),
      random.next() ** 2 * 40_000,
      pick(['at-once', 'late'] as const, random),
    )
  },
  loseQuorum: ({ faultInjection, world }, random, { leaders = true }) => {
    if (!leaders || world.coordination === undefined) return
    faultInjection.loseQuorum(random.next() ** 2 * 40_000)
  },
  crashJobManager: (cluster, random, { leaders = true }) => {
    if (!leaders || cluster.world.coordination === undefined) return
    if (cluster.jobManagers.length < 2) return
    const number = pick(cluster.jobManagers, random)
    cluster.faultInjection.crashJobManager(number, { silent: random.next() < 0.3 })
  },
  restartJobManager: (cluster, _random) => cluster.restartLostJobManagers(),
}

/** Does harm of all kinds to a cluster for a while, as the seed says, and then {@link endHarm}. */
export async function unleashNemesis(
  cluster: SimulatedCluster,
  options: NemesisOptions,
): Promise<void> {
  await doHarm(cluster, options)
  await endHarm(cluster, options)
}

/** Does harm for a while; what it has done stays. */
export async function doHarm(cluster: SimulatedCluster, options: NemesisOptions): Promise<void> {
  const { random, periodMs, meanPauseMs = 3_000 } = options
  const endMs = cluster.nowMs + periodMs
  // A seed has its own mixture, so that rare combinations happen often in some runs.
  const kinds = Object.keys(FAULTS).filter(() => random.next() < 0.6)
  while (cluster.nowMs < endMs) {
    await cluster.advance(-Math.log(1 - random.next()) * meanPauseMs)
    await options.look?.()
    const kind = pick(kinds.length > 0 ? kinds : Object.keys(FAULTS), random)
    await FAULTS[kind]!(cluster, random, options)
  }
}

/** Faults end, and what crashed is started again. */
export async function endHarm(
  cluster: SimulatedCluster,
  { minTaskManagers = 2 }: Pick<NemesisOptions, 'minTaskManagers'>,
): Promise<void> {
  cluster.heal()
  await cluster.restartLostJobManagers()
  if (cluster.clusterManager !== undefined) return
  while (cluster.taskManagers.length < minTaskManagers) await cluster.startTaskManager()
}

function pick<T>(values: readonly T[], random: Random): T {
  return values[random.nextInt(values.length)]!
}
