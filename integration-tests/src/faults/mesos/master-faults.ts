import type { MesosDaemon } from '../../clusters/mesos.js'
import { isAlive } from '../../support/processes.js'
import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import { anyOf, noneHasEndedWith, SLOW_MS } from '../managed/managed-cluster.js'
import { type MesosContext, type MesosFault, workersOf } from './mesos-context.js'

/** Of a master in ZooKeeper, and a bit. */
const MASTER_SESSION_MS = 3000
const AFTER_EXPIRY_MS = 2000

/** A master does not lead for a while; neither the job nor TaskManagers may notice. */
async function withoutLosingWorkers(
  context: MesosContext,
  action: () => Promise<unknown>,
): Promise<boolean> {
  const workers = await workersOf(context)
  if (workers === undefined) return false
  await action()
  await context.cluster.untilWell()
  await noneHasEndedWith(
    'a master',
    context,
    workers.map(({ id }) => id),
  )
  return true
}

function leaderOf({ cluster }: MesosContext): Promise<MesosDaemon> {
  return until('a master leads', () => cluster.mesos.leader(), SLOW_MS)
}

/** Another master leads. */
async function succeeded(context: MesosContext, former: MesosDaemon): Promise<void> {
  await until(
    'another master leads',
    async () => (await context.cluster.mesos.leader()) !== former,
    SLOW_MS,
  )
}

/** Something happens while no master is there. */
async function withoutMasters(
  { cluster, random }: MesosContext,
  action: () => Promise<void>,
): Promise<void> {
  const { masters } = cluster.mesos
  await Promise.all(masters.map((each) => each.kill()))
  try {
    await action()
    await lasting(random.nextInt(3000))
  } finally {
    // None of them serves alone.
    await Promise.all(masters.map((each) => each.launch()))
    await until('a master leads', () => cluster.operator.leader(), SLOW_MS)
  }
}

/** Faults of masters. */
export const MASTER_FAULTS: readonly MesosFault[] = [
  {
    name: 'kill-master',
    weight: 3,
    restarts: false,
    inject: (context) =>
      withoutLosingWorkers(context, async () => {
        const leader = await leaderOf(context)
        context.note(leader.name)
        await leader.kill()
        await succeeded(context, leader)
        await lasting(context.random.nextInt(2000))
        await leader.restart()
      }),
  },
  {
    name: 'kill-standby-master',
    weight: 1,
    restarts: false,
    inject: (context) =>
      withoutLosingWorkers(context, async () => {
        const leader = await leaderOf(context)
        const others = context.cluster.mesos.masters.filter((each) => each !== leader)
        const standby = anyOf(context, others)
        await standby.kill()
        await lasting(context.random.nextInt(2000))
        await standby.restart()
      }),
  },
  {
    name: 'pause-master-until-lost',
    weight: 2,
    restarts: false,
    inject: (context) =>
      withoutLosingWorkers(context, async () => {
        const leader = await leaderOf(context)
        context.note(leader.name)
        leader.pause()
        try {
          await lasting(MASTER_SESSION_MS + AFTER_EXPIRY_MS + context.random.nextInt(3000))
        } finally {
          leader.resume()
        }
        await succeeded(context, leader)
        // It ends by itself when it sees that another leads.
        await leader.restart()
      }),
  },
  {
    name: 'pause-master',
    weight: 1,
    restarts: false,
    inject: (context) =>
      withoutLosingWorkers(context, async () => {
        const leader = await leaderOf(context)
        leader.pause()
        try {
          await lasting(200 + context.random.nextInt(1000))
        } finally {
          leader.resume()
        }
      }),
  },
  {
    name: 'kill-all-masters',
    weight: 1,
    restarts: false,
    inject: (context) =>
      withoutLosingWorkers(context, () => withoutMasters(context, () => Promise.resolve())),
  },
  {
    name: 'kill-task-managers-without-master',
    weight: 1,
    restarts: true,
    async inject(context) {
      const workers = await workersOf(context)
      if (workers === undefined) return false
      await withoutMasters(context, async () => {
        context.happens()
        await Promise.all(workers.map(({ id }) => context.cluster.kill(id)))
      })
      return true
    },
  },
  {
    name: 'kill-job-manager-without-master',
    weight: 1,
    restarts: true,
    inject: (context) =>
      withoutLosingWorkers(context, () =>
        withoutMasters(context, async () => {
          context.happens()
          const { jobManager } = context.cluster
          const { pid } = jobManager
          await jobManager.kill()
          await until('the JobManager is started again', () => {
            return jobManager.pid !== pid && isAlive(jobManager.pid)
          })
        }),
      ),
  },
]
