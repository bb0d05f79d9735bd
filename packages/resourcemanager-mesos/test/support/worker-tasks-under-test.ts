import { type Logger, SeededRandom } from '@flink-ts/core'
import type { SchedulerCall } from '@flink-ts/mesos-client'
import type { VersionedStore } from '@flink-ts/runtime'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import type { Test } from 'tap'
import { taskIds } from '../../dist/tasks/task-ids.js'
import { WorkerStore } from '../../dist/tasks/worker-store.js'
import { WorkerTasks } from '../../dist/tasks/worker-tasks.js'
import { TestLauncher } from './driver-under-test.js'
import { WorkerEntries } from './worker-entries.js'

const noop = () => {}

/**
 * Tasks of a framework `f` whose one worker, on agent `S1`, an earlier term has launched; nobody offers anything.
 *
 * @param changeMs how long an entry takes to be created or replaced
 */
export async function workerTasksUnderTest(t: Test, log: Logger, changeMs = 0) {
  const clock = new DriverClock()
  const kept = new WorkerEntries()
  kept.put('taskCount', '1')
  const term = kept.lead()
  const taskId = 'taskmanager-00001'
  const worker = { taskId, state: 'Launched', agentId: 'S1', host: 'node1' } as const
  await new WorkerStore({ store: term, clock, log }).putWorker(worker)
  const pause = async () => {
    if (changeMs > 0) await new Promise<void>((resolve) => void clock.schedule(changeMs, resolve))
  }
  const slow: VersionedStore = {
    ...term,
    create: async (...entry) => pause().then(() => term.create(...entry)),
    replace: async (...entry) => pause().then(() => term.replace(...entry)),
  }
  const store = new WorkerStore({ store: slow, clock, log })
  const launcher = new TestLauncher()
  const wanted: string[] = []
  const calls: SchedulerCall[] = []
  const terminated: string[] = []
  /** What becomes of a call; by default the master takes it at once. */
  const master = { answer: async (_call: SchedulerCall): Promise<void> => {} }
  const tasks = new WorkerTasks({
    clock,
    random: new SeededRandom(1),
    log,
    store,
    launcher,
    offers: {
      connected: noop,
      disconnected: noop,
      offersReceived: noop,
      offerRescinded: noop,
      agentLost: noop,
      request: (request) => void wanted.push(request.taskId),
      withdraw: noop,
      close: noop,
    },
    call: (call) => {
      calls.push(call)
      return master.answer(call)
    },
    taskIdOf: taskIds(undefined),
    onTerminated: (id) => void terminated.push(id),
    onTaskFailed: noop,
    onStoreFailed: (error) => t.fail(String(error)),
  })
  tasks.recover(await store.read())
  return { clock, kept, calls, launcher, master, terminated, tasks, taskId, wanted }
}
