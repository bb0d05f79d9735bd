import { type Fault, lasting } from './fault.js'
import { allContend, coordinationOf } from './leader-faults.js'

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
