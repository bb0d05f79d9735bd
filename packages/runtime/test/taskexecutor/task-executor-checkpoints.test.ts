import { RpcTimeoutError } from '@flink-ts/rpc'
import t from 'tap'
import { acknowledgeFromMessage } from '../../dist/checkpoint/checkpoint-reports.js'
import { advance } from '../testing/control-plane.js'
import { withTask } from './task-executor-world.js'

const METRICS = {
  startDelayMs: 1,
  alignmentDurationMs: 2,
  bytesProcessedDuringAlignment: 3,
  bytesPersistedDuringAlignment: 0,
  syncDurationMs: 4,
  asyncDurationMs: 5,
  unaligned: false,
}

t.test(
  'TaskExecutor triggers checkpoints behind operator events, and tells who does not run',
  async (t) => {
    const { gateway, task } = await withTask(t)
    const event = {
      executionAttemptId: 'x',
      operatorId: 'op',
      sequence: 0,
      payload: Buffer.from('e'),
    }
    await gateway.sendOperatorEventToTask(event)
    const options = { snapshotType: 'CHECKPOINT', alignment: 'AT_LEAST_ONCE', alignedTimeoutMs: 0 }
    const request = { executionAttemptIds: ['gone', 'x'], checkpointId: 7, timestampMs: 5, options }
    t.same(await gateway.triggerCheckpoint(request), { refusedExecutionAttemptIds: ['gone'] })
    t.same(task.events, ['op:e', 'trigger 7 AT_LEAST_ONCE'])
    task.finish()
    t.same(await gateway.triggerCheckpoint(request), { refusedExecutionAttemptIds: ['gone', 'x'] })
  },
)

t.test(
  'TaskExecutor tells its tasks once what is complete, also what they can only know from a heartbeat',
  async (t) => {
    const { gateway, task } = await withTask(t)
    const notification = { executionAttemptIds: ['x'], timestampMs: 0, latestCompletedId: 0 }
    await gateway.notifyCheckpointComplete({ ...notification, checkpointId: 2 })
    await gateway.notifyCheckpointComplete({ ...notification, checkpointId: 2 })
    await gateway.notifyCheckpointComplete({ ...notification, checkpointId: 1 })
    const heartbeat = { jobId: 'job', allocationIds: ['a'] }
    await gateway.heartbeatFromJobMaster(heartbeat)
    await gateway.heartbeatFromJobMaster({ ...heartbeat, latestCompletedCheckpointId: 4 })
    await gateway.heartbeatFromJobMaster({ ...heartbeat, latestCompletedCheckpointId: 4 })
    await gateway.notifyCheckpointAborted({
      ...notification,
      checkpointId: 6,
      latestCompletedId: 5,
    })
    t.same(task.events, ['complete 2', 'complete 4', 'complete 5', 'aborted 6'])
  },
)

t.test(
  'TaskExecutor repeats the report of a checkpoint until it is acknowledged; the end of the task waits',
  async (t) => {
    const { world, jobManager, task } = await withTask(t)
    let lost = 2
    const acknowledged: unknown[] = []
    jobManager.acknowledge = async (request) => {
      if (lost-- > 0) throw new RpcTimeoutError({ target: 'test', timeoutMs: 1 })
      acknowledged.push(acknowledgeFromMessage(request))
      return {}
    }
    const bytes = Uint8Array.of(1, 2, 3)
    const snapshot = { kind: 'inline', bytes, sizeBytes: 3, checksum: 9 } as const
    const state = new Map([['op', { keyed: { keyGroups: { start: 0, end: 3 }, snapshot } }]])
    task.listener.onCheckpointAcknowledged(2n ** 40n, state, METRICS)
    task.listener.onCheckpointDeclined(3n, 'CHECKPOINT_DECLINED', { name: 'Error', message: 'why' })
    task.finish()
    await advance(world.clock, 1_000, 100)
    t.same(jobManager.heard(), [
      ...Array(3).fill(`jm ack x ${2 ** 40}`),
      'jm decline x 3 CHECKPOINT_DECLINED why',
      'jm x FINISHED',
    ])
    const report = { executionAttemptId: 'x', checkpointId: 2n ** 40n, state, metrics: METRICS }
    t.strictSame(acknowledged, [report])
  },
)

t.test('TaskExecutor: a report of a checkpoint that is refused hurts no task', async (t) => {
  const { world, jobManager, task } = await withTask(t)
  jobManager.acknowledge = () => Promise.reject(new Error('no such job'))
  task.listener.onCheckpointAcknowledged(1n, new Map(), METRICS)
  task.finish()
  await advance(world.clock, 1_000, 100)
  t.same(jobManager.heard(), ['jm ack x 1', 'jm x FINISHED'])
  t.equal(task.failure, undefined)
})

t.test('TaskExecutor says nothing of checkpoints after the end of a task', async (t) => {
  const { world, jobManager, task } = await withTask(t)
  task.finish()
  // Its thread may still hand over what it had written.
  task.listener.onCheckpointAcknowledged(1n, new Map(), METRICS)
  task.listener.onCheckpointDeclined(2n, 'CHECKPOINT_DECLINED', { name: 'Error', message: 'why' })
  await advance(world.clock, 1_000, 100)
  t.same(jobManager.heard(), ['jm x FINISHED'])
})
