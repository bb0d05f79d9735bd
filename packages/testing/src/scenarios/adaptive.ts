import assert from 'node:assert/strict'
import type { Random } from '@flink-ts/core'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import type { SimulatedJob } from '../simulation/cluster/simulated-job.js'
import { endlessJob } from './endless-job.js'
import { expectStatus } from './expectations.js'
import { cancelForGood, RECOVERY_MS } from './recovery.js'
import type { Scenario } from './scenario.js'

const SLOTS = 2
const MAX_PARALLELISM = 8
const SET_AGAIN_MS = 60_000

const CONFIGURATION: Readonly<Record<string, string>> = {
  'jobmanager.scheduler': 'Adaptive',
  'jobmanager.adaptive-scheduler.submission.resource-wait-timeout': '60 min',
  'jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout': '1 s',
  'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling': '5 s',
  'jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout': '2 s',
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '2147483647',
  'restart-strategy.fixed-delay.delay': '1 s',
  'taskmanager.registration.timeout': '60 min',
}

export const adaptive: Scenario = {
  name: 'adaptive',
  description:
    'TaskManagers join and leave, bounds of the parallelism and leaders change; the job runs with what there is.',
  async run({ random, start }) {
    const cluster = await start({
      taskManagers: 1 + random.nextInt(3),
      slotsPerTaskManager: SLOTS,
      highlyAvailableJobManagers: 2,
      maxTurnMs: 50,
      configuration: CONFIGURATION,
    })
    const job = await cluster.submit(endlessJob(1 + random.nextInt(4)))
    const changes = 2 + random.nextInt(6)
    for (let i = 0; i < changes; i++) {
      await cluster.advance(random.next() ** 2 * 40_000)
      await change(cluster, job, random)
    }
    await cluster.restartLostJobManagers()
    if (cluster.taskManagers.length === 0) await cluster.startTaskManager()
    const upperBound = 1 + random.nextInt(MAX_PARALLELISM)
    await expectParallelism(cluster, job, upperBound)
    expectStatus(await cancelForGood(cluster, job), 'CANCELED')
  },
}

async function change(cluster: SimulatedCluster, job: SimulatedJob, random: Random): Promise<void> {
  const { taskManagers } = cluster
  const kind = random.nextInt(5)
  if (kind === 0 && taskManagers.length < 5) await cluster.startTaskManager()
  else if (kind === 1 && taskManagers.length > 1) {
    const number = taskManagers[random.nextInt(taskManagers.length)]!
    cluster.crashTaskManager(number, { silent: random.next() < 0.3 })
  } else if (kind === 2) {
    await job.setParallelism({ lowerBound: 1, upperBound: 1 + random.nextInt(MAX_PARALLELISM) })
  } else if (kind === 3) cluster.faultInjection.revokeLeadership()
  else if (cluster.jobManagers.length > 1) {
    cluster.faultInjection.crashJobManager(cluster.jobManagers[random.nextInt(2)]!)
    await cluster.restartLostJobManagers()
  }
}

/** @throws AssertionError unless the job, with this bound, uses all slots that it may use within bounded time */
async function expectParallelism(
  cluster: SimulatedCluster,
  job: SimulatedJob,
  upperBound: number,
): Promise<void> {
  const expected = Math.min(upperBound, SLOTS * cluster.taskManagers.length)
  const deadlineMs = cluster.nowMs + RECOVERY_MS
  let setAtMs = Number.NEGATIVE_INFINITY
  for (;;) {
    // A leader that has just lost its leadership may take them, and none keeps them for its successor.
    if (cluster.nowMs - setAtMs >= SET_AGAIN_MS) {
      setAtMs = cluster.nowMs
      await job.setParallelism({ lowerBound: 1, upperBound })
    }
    const { status, vertices } = await job.info()
    const found = vertices.map(({ subtasks }) =>
      subtasks.map(({ current }) => current.state).join(' '),
    )
    const isExpected = found.every((states) => states === 'RUNNING '.repeat(expected).trim())
    if (status === 'RUNNING' && isExpected) return
    assert(
      cluster.nowMs < deadlineMs,
      `the job runs at parallelism ${expected}, but it is ${status} and its tasks are ${found.join(', ')}`,
    )
    await cluster.advance(1_000)
  }
}
