import { isAlive, stopProcess } from '../support/processes.js'
import { until } from '../support/until.js'
import type { Coordination } from './coordination.js'
import { type Fault, type FaultContext, lasting } from './fault.js'
import type { JobManagerPlace } from './job-manager-place.js'

/** Standing of a session in its time-out, and a bit: the servers look at each tick only. */
const AFTER_EXPIRY_MS = 1500

export function coordinationOf({ cluster }: FaultContext): Coordination {
  const { coordination } = cluster.options
  if (coordination === undefined) throw new Error('there is only one JobManager')
  return coordination
}

/** A JobManager that does not lead. */
async function anyStandby({ cluster, random }: FaultContext): Promise<JobManagerPlace> {
  const leader = await cluster.leader()
  const others = cluster.jobManagers.filter((place) => place !== leader)
  return others[random.nextInt(others.length)]!
}

/** Another one than `former` leads. */
async function isSucceeded(context: FaultContext, former: JobManagerPlace): Promise<void> {
  await until('another JobManager leads', async () => (await context.cluster.leader()) !== former)
}

/** Every JobManager has a place in the queue again, each one: a former leader as well. */
export async function allContend(context: FaultContext): Promise<void> {
  const { cluster } = context
  const coordination = coordinationOf(context)
  await until(`${cluster.jobManagers.length} JobManagers lead or would`, async () => {
    const contenders = new Set(await coordination.contenders())
    return contenders.size === cluster.jobManagers.length
  })
}

/** TaskManagers outlive leaders: nobody may start one again while this runs. */
async function withoutLosingTaskManagers(
  { cluster }: FaultContext,
  action: () => Promise<unknown>,
): Promise<boolean> {
  const before = cluster.places.map(({ pid }) => pid)
  await action()
  const isSame = cluster.places.every(({ pid }, i) => pid === before[i] && isAlive(pid!))
  if (!isSame) throw new Error('a TaskManager has ended with its leader')
  return true
}

async function killed(context: FaultContext, place: JobManagerPlace): Promise<void> {
  await context.cluster.kill(place.pid!)
  await lasting(context.random.nextInt(3000))
  await context.cluster.refill()
}

/** As an operator ends it. */
async function ended(place: JobManagerPlace): Promise<void> {
  process.kill(place.pid!, 'SIGTERM')
  await until('the leader has ended', () => !isAlive(place.pid!))
}

async function paused(place: JobManagerPlace, ms: number): Promise<void> {
  stopProcess(place.pid!)
  try {
    await lasting(ms)
  } finally {
    process.kill(place.pid!, 'SIGCONT')
  }
}

/** Nothing passes between a JobManager and all servers of the ensemble. */
async function cutOffFromZooKeeper(place: JobManagerPlace, ms: number): Promise<void> {
  for (const proxy of place.zookeeper) {
    proxy.setRefusing(true)
    proxy.setMode({ kind: 'stall' })
  }
  await lasting(ms)
  for (const proxy of place.zookeeper) {
    proxy.breakConnections()
    proxy.heal()
  }
}

/** The leader is not heard of until its session is over. */
function silencedUntilLost(
  context: FaultContext,
  silence: (leader: JobManagerPlace, ms: number) => Promise<void>,
): Promise<boolean> {
  return withoutLosingTaskManagers(context, async () => {
    const { sessionTimeoutMs } = coordinationOf(context)
    const former = await context.cluster.leader()
    await silence(former, sessionTimeoutMs + AFTER_EXPIRY_MS + context.random.nextInt(3000))
    await isSucceeded(context, former)
    await allContend(context)
  })
}

/** Faults of several JobManagers. */
export const LEADER_FAULTS: readonly Fault[] = [
  {
    name: 'kill-leader',
    weight: 4,
    restarts: true,
    inject: (context) =>
      withoutLosingTaskManagers(context, async () =>
        killed(context, await context.cluster.leader()),
      ),
  },
  {
    name: 'end-leader',
    weight: 2,
    restarts: true,
    inject: (context) =>
      withoutLosingTaskManagers(context, async () => {
        await ended(await context.cluster.leader())
        await context.cluster.refill()
      }),
  },
  {
    name: 'kill-standby',
    weight: 2,
    restarts: false,
    async inject(context) {
      await killed(context, await anyStandby(context))
      return true
    },
  },
  {
    name: 'kill-all-job-managers',
    weight: 1,
    restarts: true,
    inject: (context) =>
      withoutLosingTaskManagers(context, async () => {
        const { cluster } = context
        await Promise.all(cluster.jobManagers.map(({ pid }) => cluster.kill(pid!)))
        await cluster.refill()
      }),
  },
  {
    name: 'pause-leader',
    weight: 1,
    restarts: false,
    async inject(context) {
      const { sessionTimeoutMs } = coordinationOf(context)
      await paused(await context.cluster.leader(), context.random.nextInt(sessionTimeoutMs / 2))
      return true
    },
  },
  {
    name: 'pause-leader-until-lost',
    weight: 3,
    restarts: true,
    inject: (context) => silencedUntilLost(context, paused),
  },
  {
    name: 'cut-off-leader-from-zookeeper',
    weight: 3,
    restarts: true,
    inject: (context) => silencedUntilLost(context, cutOffFromZooKeeper),
  },
  {
    name: 'cut-off-leader-for-a-moment',
    weight: 1,
    restarts: false,
    async inject(context) {
      await cutOffFromZooKeeper(await context.cluster.leader(), context.random.nextInt(1500))
      return true
    },
  },
  {
    name: 'cut-off-standby-from-zookeeper',
    weight: 1,
    restarts: false,
    async inject(context) {
      const { sessionTimeoutMs } = coordinationOf(context)
      await cutOffFromZooKeeper(
        await anyStandby(context),
        sessionTimeoutMs + AFTER_EXPIRY_MS + context.random.nextInt(2000),
      )
      await allContend(context)
      return true
    },
  },
  {
    name: 'cut-off-leader-from-task-managers',
    weight: 2,
    restarts: false,
    async inject({ cluster, random }) {
      const proxies = [(await cluster.leader()).control, ...cluster.places.map((p) => p.control)]
      for (const proxy of proxies) {
        proxy.setRefusing(true)
        proxy.breakConnections()
      }
      await lasting(500 + random.nextInt(9000))
      for (const proxy of proxies) proxy.heal()
      return true
    },
  },
]

const MAX_CHANGES = 4

/** Leaders go one after the other, at points where the one before may have got anywhere. */
export const CHANGE_LEADERS: Fault = {
  name: 'change-leaders',
  weight: 1,
  restarts: true,
  inject: (context) =>
    withoutLosingTaskManagers(context, async () => {
      const { cluster, random } = context
      const { sessionTimeoutMs } = coordinationOf(context)
      const changes = 1 + random.nextInt(MAX_CHANGES)
      for (let change = 0; change < changes; change++) {
        const former = await cluster.leader()
        const lostMs = sessionTimeoutMs + AFTER_EXPIRY_MS
        switch (random.nextInt(5)) {
          case 0:
            await paused(former, lostMs)
            break
          case 1:
            await cutOffFromZooKeeper(former, lostMs)
            break
          case 2:
            await cluster.kill(former.pid!)
            break
          default:
            await ended(former)
        }
        await isSucceeded(context, former)
        await lasting(random.nextInt(random.nextInt(2) === 0 ? 300 : 4000))
        await cluster.refill()
      }
    }),
}
