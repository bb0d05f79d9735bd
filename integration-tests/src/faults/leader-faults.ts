import { isAlive, stopProcess } from '../support/processes.js'
import { until } from '../support/until.js'
import type { Coordination } from './coordination.js'
import { type Fault, type FaultContext, lasting } from './fault.js'
import type { JobManagerPlace } from './job-manager-place.js'

/** Standing of a session in its time-out, and a bit: the servers look at each tick only. */
const AFTER_EXPIRY_MS = 1500

function coordinationOf({ cluster }: FaultContext): Coordination {
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
        const place = await context.cluster.leader()
        process.kill(place.pid!, 'SIGTERM')
        await until('the leader has ended', () => !isAlive(place.pid!))
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
    inject: (context) =>
      withoutLosingTaskManagers(context, async () => {
        const { sessionTimeoutMs } = coordinationOf(context)
        const former = await context.cluster.leader()
        await paused(former, sessionTimeoutMs + AFTER_EXPIRY_MS + context.random.nextInt(3000))
        await isSucceeded(context, former)
        await allContend(context)
      }),
  },
  {
    name: 'cut-off-leader-from-zookeeper',
    weight: 3,
    restarts: true,
    inject: (context) =>
      withoutLosingTaskManagers(context, async () => {
        const { sessionTimeoutMs } = coordinationOf(context)
        const former = await context.cluster.leader()
        const ms = sessionTimeoutMs + AFTER_EXPIRY_MS + context.random.nextInt(3000)
        await cutOffFromZooKeeper(former, ms)
        await isSucceeded(context, former)
        await allContend(context)
      }),
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

/** Faults of the servers of the ensemble. */
export const ZOOKEEPER_FAULTS: readonly Fault[] = [
  {
    name: 'kill-zookeeper-server',
    weight: 2,
    restarts: false,
    async inject(context) {
      const { ensemble } = coordinationOf(context)
      const n = 1 + context.random.nextInt(3)
      const leads = await ensemble.isLeader(n)
      context.note(`server ${n}${leads ? ', which leads' : ''}`)
      const leader = await context.cluster.leader()
      const { sessionTimeoutMs } = coordinationOf(context)
      const lastingMs = 1000 + context.random.nextInt(5000)
      const killedAt = performance.now()
      await ensemble.kill(n)
      if (leads) await ensemble.leader()
      const withoutLeaderMs = performance.now() - killedAt
      await lasting(lastingMs)
      await ensemble.restart(n)
      // Servers that take very long for a leader of their own, on a busy machine, take longer than JobManagers bear.
      const isBearable = withoutLeaderMs < sessionTimeoutMs / 3
      if (isBearable && (await context.cluster.leader()) !== leader) {
        throw new Error('one dead server of three has cost a JobManager its leadership')
      }
      return true
    },
  },
  {
    name: 'freeze-zookeeper-server',
    weight: 2,
    restarts: false,
    async inject(context) {
      const { ensemble } = coordinationOf(context)
      const n = 1 + context.random.nextInt(3)
      const ms = 500 + context.random.nextInt(9000)
      context.note(`server ${n}${(await ensemble.isLeader(n)) ? ', which leads' : ''} for ${ms} ms`)
      ensemble.stop(n)
      try {
        await lasting(ms)
      } finally {
        ensemble.resume(n)
      }
      await ensemble.leader()
      return true
    },
  },
  {
    name: 'lose-zookeeper-quorum',
    weight: 2,
    restarts: false,
    async inject(context) {
      const { ensemble } = coordinationOf(context)
      const stays = context.random.nextInt(3)
      const lost = [1, 2, 3].filter((n) => n !== stays + 1)
      await Promise.all(lost.map((n) => ensemble.kill(n)))
      await lasting(500 + context.random.nextInt(8000))
      // The first one of two alone cannot serve yet.
      await Promise.all(lost.map((n) => ensemble.restart(n)))
      await allContend(context)
      return true
    },
  },
  {
    name: 'restart-zookeeper',
    weight: 1,
    restarts: false,
    async inject(context) {
      const { ensemble } = coordinationOf(context)
      await Promise.all([1, 2, 3].map((n) => ensemble.kill(n)))
      await lasting(context.random.nextInt(3000))
      await Promise.all([1, 2, 3].map((n) => ensemble.restart(n)))
      await allContend(context)
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
            process.kill(former.pid!, 'SIGTERM')
            await until('the leader has ended', () => !isAlive(former.pid!))
        }
        await isSucceeded(context, former)
        await lasting(random.nextInt(random.nextInt(2) === 0 ? 300 : 4000))
        await cluster.refill()
      }
    }),
}
