import { type Logger, noopLogger, SeededRandom } from '@flink-ts/core'
import type { SchedulerCall, TaskStatus } from '@flink-ts/mesos-client'
import { DriverClock, workerSpec } from '@flink-ts/testing/resource-manager-drivers'
import fc from 'fast-check'
import t from 'tap'
import { Reconciliation } from '../../dist/tasks/reconciliation.js'
import { taskIds } from '../../dist/tasks/task-ids.js'
import { TASK_TRANSITIONS, type TaskState } from '../../dist/tasks/task-state.js'
import { describeTaskStatus, taskEventOf } from '../../dist/tasks/task-status-event.js'
import { TrackedTask } from '../../dist/tasks/tracked-task.js'
import { WorkerStore } from '../../dist/tasks/worker-store.js'
import { OFFER } from '../support/launching.js'
import { RecordingLog } from '../support/recording-log.js'
import { WorkerEntries } from '../support/worker-entries.js'
import { workerTasksUnderTest } from '../support/worker-tasks-under-test.js'

const STATES = Object.keys(TASK_TRANSITIONS) as TaskState[]

t.test('TASK_TRANSITIONS', async (t) => {
  await t.test('whatever Mesos says can be said in each state but TERMINAL', async (t) => {
    for (const state of STATES.filter((state) => state !== 'TERMINAL')) {
      for (const event of ['staging', 'alive', 'killing', 'unreachable', 'ended', 'doubtful']) {
        t.ok(event in TASK_TRANSITIONS[state], `${state}: ${event}`)
      }
      t.ok('release' in TASK_TRANSITIONS[state] && 'subscribed' in TASK_TRANSITIONS[state], state)
    }
    t.same(TASK_TRANSITIONS.TERMINAL, {})
  })

  await t.test('what was given up or released never runs for anybody again', async (t) => {
    const reached = new Set<TaskState>(['KILLING', 'UNREACHABLE'])
    for (const state of reached) {
      for (const next of Object.values(TASK_TRANSITIONS[state])) if (next !== '-') reached.add(next)
    }
    t.same([...reached].sort(), ['KILLING', 'TERMINAL', 'UNREACHABLE'])
  })

  await t.test('what cannot happen throws', async (t) => {
    const options = { log: noopLogger, taskId: 'a', state: 'NEW', isWanted: true } as const
    t.throws(() => new TrackedTask(options).happened('accepted'), /task a: 'accepted'/)
  })
})

t.test('taskEventOf', async (t) => {
  const answer: TaskStatus = { taskId: 'a', state: 'TASK_UNKNOWN', reason: 'REASON_RECONCILIATION' }
  t.equal(taskEventOf(answer, true), 'doubtful')
  t.equal(taskEventOf({ ...answer, state: 'TASK_LOST' }, true), 'doubtful')
  t.equal(taskEventOf(answer, false), 'ended', 'the master has had its time')
  t.equal(taskEventOf({ ...answer, state: 'TASK_GONE' }, true), 'ended', 'the agent was asked')
  t.equal(taskEventOf({ ...answer, uuid: 'x', state: 'TASK_LOST' }, true), 'ended')
  t.equal(describeTaskStatus(answer), 'TASK_UNKNOWN (REASON_RECONCILIATION)')
})

t.test('taskIds', async (t) => {
  t.equal(taskIds(undefined)(7), 'taskmanager-00007')
  t.equal(taskIds('a1b2c3')(123_456), 'taskmanager-a1b2c3-123456')
})

t.test('Reconciliation', async (t) => {
  const open = (log: Logger = noopLogger) => {
    const clock = new DriverClock()
    const asked: { readonly atMs: number; readonly tasks: readonly string[] }[] = []
    let periods = 0
    const reconciliation = new Reconciliation({
      clock,
      random: new SeededRandom(1),
      log,
      onPeriod: () => void periods++,
      call(call: SchedulerCall) {
        const tasks = call.type === 'RECONCILE' ? call.tasks : []
        asked.push({ atMs: clock.now() - 1_000_000, tasks: tasks.map(({ taskId }) => taskId) })
      },
    })
    const explicit = () => asked.filter(({ tasks }) => tasks.length > 0)
    return { clock, reconciliation, asked, explicit, periods: () => periods }
  }

  await t.test(
    'asks of all together, and again of those unanswered, ever more rarely',
    async (t) => {
      const { clock, reconciliation, explicit } = open()
      for (const id of ['a', 'b', 'c']) reconciliation.ask(id, 'agent')
      await clock.advance(1_000)
      t.same(explicit(), [], 'not before there is a subscription')
      reconciliation.subscribed()
      await clock.advance(10)
      reconciliation.answered('b')
      await clock.advance(300_000)
      t.same(explicit()[0], { atMs: 1_000, tasks: ['a', 'b', 'c'] })
      t.same(explicit()[1]?.tasks, ['a', 'c'])
      const pauses = explicit().map(({ atMs }, i) => atMs - (explicit()[i - 1]?.atMs ?? 0))
      const expected = [5_000, 10_000, 20_000, 40_000, 60_000]
      for (const [i, ms] of expected.entries()) {
        const pause = pauses[i + 1] ?? 0
        t.ok(pause >= ms && pause <= ms * 1.2, `${pause} ms`)
      }
      reconciliation.answered('a')
      reconciliation.answered('c')
      t.equal(reconciliation.unanswered, 0)
      const before = explicit().length
      await clock.advance(300_000)
      t.equal(explicit().length, before)
      reconciliation.close()
      t.equal(clock.pendingTimers, 0)
    },
  )

  await t.test(
    'asks at once of what comes later, and begins anew with a subscription',
    async (t) => {
      const { clock, reconciliation, explicit } = open()
      reconciliation.subscribed()
      reconciliation.ask('a', undefined)
      await clock.advance(40_000)
      const before = explicit().length
      reconciliation.ask('b', undefined)
      await clock.advance(0)
      t.same(explicit().at(-1)?.tasks, ['b'])
      reconciliation.disconnected()
      await clock.advance(100_000)
      t.equal(explicit().length, before + 1)
      reconciliation.subscribed()
      await clock.advance(0)
      t.same(explicit().at(-1)?.tasks, ['a', 'b'])
      reconciliation.close()
    },
  )

  await t.test('asks for all that the master knows soon, and every ten minutes', async (t) => {
    const { clock, reconciliation, asked, periods } = open()
    reconciliation.subscribed()
    await clock.advance(1_300_000)
    t.same(
      asked.map(({ atMs }) => atMs),
      [5_000, 65_000, 665_000, 1_265_000],
    )
    t.equal(periods(), 2)
    reconciliation.close()
  })

  await t.test('says that several are asked of, not a single one', async (t) => {
    const log = new RecordingLog()
    const { clock, reconciliation } = open(log)
    reconciliation.subscribed()
    reconciliation.ask('a', 'agent')
    await clock.advance(10)
    reconciliation.answered('a')
    t.equal(log.at('debug').length, 2)
    t.same(log.at('info'), [])
    for (const id of ['b', 'c']) reconciliation.ask(id, 'agent')
    await clock.advance(10)
    reconciliation.answered('b')
    t.match(log.at('info'), [{ message: 'Asking Mesos what became of tasks', tasks: 2 }])
    reconciliation.answered('c')
    t.equal(log.at('info')[1]?.message, 'What became of all tasks is known')
    reconciliation.close()
  })

  await t.test('asks of thousands in parts', async (t) => {
    const { clock, reconciliation, explicit } = open()
    for (let i = 0; i < 4_500; i++) reconciliation.ask(`task${i}`, 'agent')
    reconciliation.subscribed()
    await clock.advance(0)
    t.same(
      explicit().map(({ tasks }) => tasks.length),
      [2_000, 2_000, 500],
    )
    reconciliation.close()
  })
})

t.test('WorkerStore', async (t) => {
  const open = (kept = new WorkerEntries()) => {
    const clock = new DriverClock()
    const store = new WorkerStore({ store: kept.lead(), clock, log: noopLogger })
    return { clock, kept, store }
  }

  await t.test('numbers are never given twice, also to later leaders', async (t) => {
    const { kept, store, clock } = open()
    const first = await Promise.all([1, 2, 3].map(() => store.nextTaskNumber()))
    t.same(first, [1, 2, 3])
    kept.outcomesToLose = 1
    const second = store.nextTaskNumber()
    await clock.advance(1_000)
    const next = open(kept)
    const third = await next.store.nextTaskNumber()
    t.ok((await second) > 3)
    t.ok(third > (await second))
    await t.rejects(store.nextTaskNumber(), { code: 'FLINK_LEADERSHIP_LOST' })
    kept.put('taskCount', 'many')
    await t.rejects(next.store.nextTaskNumber(), { code: 'FLINK_HA_ENTRY_CORRUPT' })
  })

  await t.test('changes of one entry happen in order, whatever is lost on the way', async () => {
    const CHANGE = fc.constantFrom('New', 'Launched', 'Released', undefined)
    await fc.assert(
      fc.asyncProperty(
        fc.array(CHANGE, { minLength: 1, maxLength: 6 }),
        fc.nat(6),
        fc.infiniteStream(fc.boolean()),
        async (changes, outcomesToLose, happens) => {
          const { clock, kept, store } = open()
          kept.outcomesToLose = outcomesToLose
          kept.happens = () => happens.next().value
          const taskId = 'taskmanager-00001'
          const place = { agentId: 'agent', host: 'node' }
          const all = changes.map((state) =>
            state === undefined
              ? store.remove(taskId)
              : store.putWorker({ taskId, state, ...place }),
          )
          await clock.advance(60_000)
          await Promise.all(all)
          const last = changes.at(-1)
          const expected = last === undefined ? undefined : last
          const found = kept.workers[taskId]
          if (found !== expected) throw new Error(`found ${found}, expected ${expected}`)
          const { workers } = await open(kept).store.read()
          if (workers[0]?.state !== expected)
            throw new Error('the next leader reads something else')
        },
      ),
      { numRuns: 200 },
    )
  })

  await t.test('the next leader reads what was kept, but for what cannot be read', async (t) => {
    const { kept, store } = open()
    await store.putFrameworkId('master-0001')
    await store.putWorker({ taskId: 'taskmanager-00001', state: 'New' })
    await store.putWorker({
      taskId: 'taskmanager-00002',
      state: 'Launched',
      agentId: 'S1',
      host: 'node1',
    })
    for (const [i, text] of ['{', 'null', '{"state":"Launched"}', '7'].entries()) {
      kept.put(`taskmanager-1000${i}`, text)
    }
    const read = await open(kept).store.read()
    t.equal(read.frameworkId, 'master-0001')
    t.same(
      read.workers.map(({ state }) => state),
      ['New', 'Launched'],
    )
    t.match(read.workers[1], { agentId: 'S1', host: 'node1' })
    t.equal(read.corrupt.length, 4)
    kept.put('frameworkId', 'two words')
    t.equal((await open(kept).store.read()).frameworkId, undefined)
    const last = open(kept)
    await last.store.clear()
    t.same([...kept.entries.keys()], [])
  })
})

t.test('WorkerTasks', async (t) => {
  await t.test(
    'an agent that repeats what was heard of a task ends it if it was given up',
    async (t) => {
      const { clock, kept, calls, terminated, tasks, taskId } = await workerTasksUnderTest(
        t,
        noopLogger,
      )
      const running: TaskStatus = { taskId, agentId: 'S1', state: 'TASK_RUNNING', uuid: 'U' }
      tasks.subscribed(false)
      tasks.updated(running)
      tasks.updated({ taskId, state: 'TASK_LOST', reason: 'REASON_RECONCILIATION' })
      await clock.advance(100)
      t.same(terminated, [taskId])
      t.same(kept.workers, {})
      calls.length = 0
      tasks.updated(running)
      await clock.advance(100)

      t.same(calls.map(({ type }) => type).sort(), ['ACKNOWLEDGE', 'KILL'])
      t.same(terminated, [taskId], 'it is told once')
      t.same(kept.workers, { [taskId]: 'Released' })
      tasks.updated({ taskId, agentId: 'S1', state: 'TASK_KILLED', uuid: 'V' })
      await clock.advance(100)
      t.same(kept.workers, {})
      tasks.close()
      t.equal(clock.pendingTimers, 0)
    },
  )

  await t.test(
    'a place that is noted only after the end of the term launches nothing, and leaves nothing',
    async (t) => {
      const { clock, kept, tasks, wanted } = await workerTasksUnderTest(t, noopLogger, 1_000)
      const { signal } = new AbortController()
      const request = tasks.request(workerSpec(), signal, new Set())
      request.catch(() => {})
      while (wanted.length === 0) await clock.advance(10)
      const [taskId] = wanted
      const placed = { taskId: taskId!, resources: [], ports: {} }
      const launch = tasks.place({ offers: [OFFER], tasks: [placed] })
      await clock.advance(500)
      tasks.close()
      await clock.advance(501)

      t.same(await launch, [])
      t.match(kept.workers, { [taskId!]: 'Launched' }, 'the next leader asks what became of it')
      t.equal(clock.pendingTimers, 0)
      await t.rejects(request, { code: 'FLINK_MESOS_REQUEST_WITHDRAWN' })
    },
  )
})
