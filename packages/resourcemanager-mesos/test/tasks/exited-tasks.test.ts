import { noopLogger } from '@flink-ts/core'
import { workerSpec } from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'
import { OFFER } from '../support/launching.js'
import { workerTasksUnderTest } from '../support/worker-tasks-under-test.js'

const FAILED = { state: 'TASK_FAILED', message: 'Command exited with status 167' } as const

t.test('the launcher hears with which status tasks of this term have ended', async (t) => {
  const { clock, launcher, tasks, terminated, wanted, taskId } = await workerTasksUnderTest(
    t,
    noopLogger,
  )
  const heard: unknown[] = []
  launcher.exited = (agentId, status) => void heard.push([agentId, status])
  tasks.subscribed(false)
  tasks.updated({ taskId, agentId: 'S1', uuid: 'U', ...FAILED })
  t.same(terminated, [taskId])
  t.same(heard, [], 'what an earlier term had fetched for it is no matter of this one')

  const request = tasks.request(workerSpec(), new AbortController().signal, new Set())
  request.catch(() => {})
  while (wanted.length === 0) await clock.advance(10)
  const placed = { taskId: wanted[0]!, resources: [], ports: {} }
  const launch = tasks.place({ offers: [OFFER], tasks: [placed] })
  await clock.advance(100)
  tasks.accepting(await launch)
  // It may well end after the subscription in which it was launched.
  tasks.disconnected()
  tasks.subscribed(false)
  tasks.updated({ taskId: placed.taskId, agentId: OFFER.agentId, uuid: 'V', ...FAILED })
  t.same(heard, [[OFFER.agentId, 167]])
  await t.rejects(request, { code: 'FLINK_MESOS_TASK' })
  tasks.close()
  await clock.advance(1_000)
  t.equal(clock.pendingTimers, 0)
})
