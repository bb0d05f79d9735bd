import t from 'tap'
import { JOB_MASTER_GATEWAY } from '../../dist/messages/gateways.js'
import type { JobMasterGateway } from '../../dist/messages/messages.generated.js'
import { advance, settle, type TestWorld } from '../testing/control-plane.js'
import {
  CAUSE,
  descriptor,
  JM_TOKEN,
  JOB_MASTER,
  JobManager,
  RM_LEADER,
  withTask,
} from './task-executor-world.js'

t.test(
  'TaskExecutor fails the tasks of a JobMaster that falls silent, and offers the slots again',
  async (t) => {
    const { world, gateway, jobManager, task } = await withTask(t)
    await advance(world.clock, 50_000, 10_000)
    t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
    t.ok(jobManager.heard().includes('jm register'))
    t.same(jobManager.offers, [['a'], ['a']])
    await gateway.submitTask({ descriptor: descriptor('y', 'a') })
  },
)

t.test('TaskExecutor frees the slots of a JobMaster that does not come back', async (t) => {
  const { world, jobManager, task, gateway, tellLeader } = await withTask(t)
  await jobManager.service.close()
  await settle()
  t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' }, 'at once, by the lost connection')
  tellLeader(undefined)
  await advance(world.clock, 10_000, 1_000)
  const next = new JobManager(world)
  tellLeader(RM_LEADER)
  await advance(world.clock, 1_000, 100)
  t.same(next.heard(), ['rm register tm1', 'rm report -,-'])
  await t.rejects(gateway.heartbeatFromJobMaster({ jobId: 'job', allocationIds: [] }), {
    code: 'FLINK_STALE_CALLER',
  })
})

const NEXT_TOKEN = { epoch: 2, uuid: 'jm2' }

function nextJobMaster(world: TestWorld) {
  const offers: string[] = []
  const service = world.service('jm:2')
  world.serve<JobMasterGateway>(
    service,
    'jm_job2',
    JOB_MASTER_GATEWAY,
    {
      registerTaskManager: async () => ({ success: { jobMasterResourceId: 'jm2' } }),
      offerSlots: async ({ offers: offered }) => {
        const ids = offered.map(({ allocationId }) => allocationId)
        offers.push(...ids)
        return { acceptedAllocationIds: ids }
      },
      updateTaskExecutionState: async () => ({}),
    },
    NEXT_TOKEN,
  )
  return { offers, leader: { address: 'jm:2', endpointId: 'jm_job2', token: NEXT_TOKEN } }
}

t.test(
  'TaskExecutor follows the leader of its job: tasks fail, slots are offered again',
  async (t) => {
    const { world, jobManager, task, gateway, gatewayWith, tellJobLeader, jobRetrievers } =
      await withTask(t)
    const next = nextJobMaster(world)
    tellJobLeader(undefined)
    await settle()
    t.equal(task.failure, undefined, 'the JobMaster may not be announced yet')
    tellJobLeader({ ...JOB_MASTER, token: JM_TOKEN })
    tellJobLeader({ ...JOB_MASTER, token: { epoch: 0, uuid: 'older' } })
    await settle()
    t.equal(task.failure, undefined, 'nor does an earlier one count')
    tellJobLeader(next.leader)
    await settle()
    t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
    t.same(next.offers, ['a'])
    t.notOk(jobManager.heard().includes('rm available a'), 'the slot stays with the job')
    await t.rejects(gateway.submitTask({ descriptor: descriptor('y', 'a') }), {
      code: 'FLINK_STALE_CALLER',
    })
    const successor = { ...descriptor('z', 'a'), jobMasterToken: NEXT_TOKEN }
    await gatewayWith(NEXT_TOKEN).submitTask({ descriptor: successor })
    await gatewayWith(NEXT_TOKEN).disconnectJobMaster({ jobId: 'job', cause: CAUSE })
    await settle()
    t.same(jobRetrievers, ['+job', '-job'])
  },
)

t.test(
  'TaskExecutor keeps slots for the next JobMaster for taskmanager.slot.timeout',
  async (t) => {
    const { world, jobManager, task, tellJobLeader } = await withTask(t)
    tellJobLeader({ ...JOB_MASTER, token: JM_TOKEN })
    await settle()
    tellJobLeader(undefined)
    await settle()
    t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
    jobManager.offers.length = 0
    await jobManager.service.close()
    await advance(world.clock, 9_000, 1_000)
    t.notOk(jobManager.heard().includes('rm available a'))
    const next = nextJobMaster(world)
    tellJobLeader(next.leader)
    await settle()
    t.same(next.offers, ['a'])
  },
)

t.test('TaskExecutor forgets ended tasks of a dead JobMaster when another one leads', async (t) => {
  const { world, jobManager, task, gatewayWith, tellJobLeader } = await withTask(t)
  tellJobLeader({ ...JOB_MASTER, token: JM_TOKEN })
  await settle()
  await jobManager.service.close()
  await settle()
  t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' }, 'which nobody was told')
  const next = nextJobMaster(world)
  tellJobLeader(next.leader)
  await settle()
  const heartbeat = { jobId: 'job', allocationIds: next.offers }
  const { deployment } = await gatewayWith(NEXT_TOKEN).heartbeatFromJobMaster(heartbeat)
  t.strictSame(deployment?.executionAttemptIds, [])
})

t.test('TaskExecutor keeps the slots of a job that was only suspended', async (t) => {
  const { world, gateway, jobManager, task, tellJobLeader } = await withTask(t)
  jobManager.accept = () => []
  await gateway.disconnectJobMaster({
    jobId: 'job',
    cause: { ...CAUSE, code: 'FLINK_JOB_SUSPENDED' },
  })
  t.match(task.failure, { code: 'FLINK_JOB_MASTER_LOST' })
  const next = nextJobMaster(world)
  tellJobLeader(next.leader)
  await settle()
  t.same(next.offers, ['a'])
})

t.test('TaskExecutor gives everything back when the JobMaster disconnects', async (t) => {
  const { gateway, jobManager, task } = await withTask(t)
  await gateway.disconnectJobMaster({ jobId: 'job', cause: CAUSE })
  await settle()
  t.equal(task.failure!.message, 'test')
  t.same(jobManager.heard(), ['rm available a'])
})

// ---------------------------------------------------------------- end

t.test(
  'TaskExecutor.close tells everybody at once, ends its tasks and leaves no timer',
  async (t) => {
    const { world, taskExecutor, jobManager, launcher, task, store } = await withTask(t)
    await taskExecutor.close()
    t.same(jobManager.heard().slice(0, 2).sort(), [
      'jm disconnect FLINK_TASK_MANAGER_CLOSING',
      'rm disconnect FLINK_TASK_MANAGER_CLOSING',
    ])
    t.match(task.failure, { code: 'FLINK_TASK_MANAGER_CLOSING' })
    t.ok(launcher.isClosed)
    t.same(store.keys, [])
    t.equal(world.clock.pendingTimers, 0)
  },
)
