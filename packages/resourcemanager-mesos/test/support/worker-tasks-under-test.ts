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
 * @param replaceMs how long an entry takes to be changed
 */
export async function workerTasksUnderTest(t: Test, log: Logger, replaceMs = 0) {
  const clock = new DriverClock()
  const kept = new WorkerEntries()
  const term = kept.lead()
  const replace: VersionedStore['replace'] = async (...entry) => {
    if (replaceMs > 0) await new Promise<void>((resolve) => void clock.schedule(replaceMs, resolve))
    return term.replace(...entry)
  }
  const store = new WorkerStore({ store: { ...term, replace }, clock, log })
  const wanted: string[] = []
  const calls: SchedulerCall[] = []
  const terminated: string[] = []
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
      request: (request) => void wanted.push(request.taskId),
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
  return { clock, kept, calls, terminated, tasks, taskId, wanted }
}
