import type { TaskStatus } from '@flink-ts/mesos-client'
import t from 'tap'
import { describeTaskStatus, mayRun } from '../../dist/tasks/task-status-event.js'
import { RecordingLog } from '../support/recording-log.js'
import { workerTasksUnderTest } from '../support/worker-tasks-under-test.js'

t.test('a state that is not known is acknowledged, asked of, and gives nobody up', async (t) => {
  const log = new RecordingLog()
  const { clock, calls, terminated, tasks, taskId } = await workerTasksUnderTest(t, log)
  tasks.subscribed(false)
  tasks.updated({ taskId, agentId: 'S1', state: 'TASK_RUNNING', uuid: 'U' })
  await clock.advance(100)
  calls.length = 0

  const strange: TaskStatus = {
    taskId,
    agentId: 'S1',
    state: 'TASK_UNRECOGNIZED',
    stateName: 'TASK_OF_TOMORROW',
    uuid: 'V',
  }
  tasks.updated(strange)
  await clock.advance(100)
  t.strictSame(calls, [
    { type: 'ACKNOWLEDGE', agentId: 'S1', taskId, uuid: 'V' },
    { type: 'RECONCILE', tasks: [{ taskId, agentId: 'S1' }] },
  ])
  t.match(JSON.stringify(log.lines), /TASK_OF_TOMORROW.*is none that is known/)
  t.equal(tasks.unanswered, 1)
  calls.length = 0
  tasks.updated(strange)
  tasks.updated({ taskId, agentId: 'S1', state: 'TASK_UNRECOGNIZED' })
  await clock.advance(100)
  t.same(
    calls.map(({ type }) => type),
    ['ACKNOWLEDGE'],
    'as often as it comes',
  )
  tasks.updated({ taskId, agentId: 'S1', state: 'TASK_RUNNING', uuid: 'W' })
  t.equal(tasks.unanswered, 0, 'what is said next counts')
  t.strictSame(terminated, [])

  // Of a task that nobody knows it says nothing that would be acted upon.
  calls.length = 0
  tasks.updated({ ...strange, taskId: 'stranger', uuid: 'X' })
  await clock.advance(100)
  t.same(
    calls.map(({ type }) => type).filter((type) => type === 'KILL'),
    [],
  )
  t.ok(calls.some((call) => call.type === 'ACKNOWLEDGE' && call.taskId === 'stranger'))
  tasks.close()
  t.equal(describeTaskStatus(strange), 'TASK_OF_TOMORROW')
  t.notOk(mayRun('TASK_UNRECOGNIZED'))
})
