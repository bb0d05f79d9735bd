import { SeededRandom } from '@flink-ts/core'
import type { SchedulerCall, TaskStatus } from '@flink-ts/mesos-client'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'
import { taskIds } from '../../dist/tasks/task-ids.js'
import { describeTaskStatus, mayRun } from '../../dist/tasks/task-status-event.js'
import { WorkerStore } from '../../dist/tasks/worker-store.js'
import { WorkerTasks } from '../../dist/tasks/worker-tasks.js'
import { TestLauncher } from '../support/driver-under-test.js'
import { RecordingLog } from '../support/recording-log.js'
import { WorkerEntries } from '../support/worker-entries.js'

const noop = () => {}

t.test('a state that is not known is acknowledged, asked of, and gives nobody up', async (t) => {
  const clock = new DriverClock()
  const log = new RecordingLog()
  const calls: SchedulerCall[] = []
  const terminated: string[] = []
  const kept = new WorkerEntries()
  const store = new WorkerStore({ store: kept.lead(), log, clock })
  const tasks = new WorkerTasks({
    clock,
    random: new SeededRandom(1),
    log,
    store,
    launcher: new TestLauncher(),
    offers: {
      connected: noop,
      disconnected: noop,
      offersReceived: noop,
      offerRescinded: noop,
      agentLost: noop,
      request: noop,
      withdraw: noop,
      close: noop,
    },
    call: async (call) => void calls.push(call),
    taskIdOf: taskIds(undefined),
    onTerminated: (id) => void terminated.push(id),
    onTaskFailed: noop,
    onStoreFailed: (error) => t.fail(String(error)),
  })
  const taskId = 'taskmanager-00001'
  const worker = { taskId, state: 'Launched', agentId: 'S1', host: 'node1' } as const
  await store.putWorker(worker)
  tasks.recover({ frameworkId: 'f', workers: [worker], corrupt: [] })
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
