import { noopLogger } from '@flink-ts/core'
import { MesosCallError, type TaskStatus } from '@flink-ts/mesos-client'
import t from 'tap'
import { Acknowledgements } from '../../dist/tasks/acknowledgements.js'
import { workerTasksUnderTest } from '../support/worker-tasks-under-test.js'

const turn = () => new Promise<void>(setImmediate)

t.test('Acknowledgements', async (t) => {
  const open = () => {
    const acknowledged: string[] = []
    let settle = () => {}
    let fail = () => {}
    /** When the master has answered, or nobody knows whether it was told. */
    let answer = () => {}
    const acknowledgements = new Acknowledgements({
      call: async (call) => {
        if (call.type === 'ACKNOWLEDGE') acknowledged.push(call.uuid)
        await new Promise<void>((resolve) => {
          answer = resolve
        })
      },
      settled: () =>
        new Promise((resolve, reject) => {
          settle = resolve
          fail = () => reject(new Error('it could not be kept'))
        }),
    })
    return {
      acknowledgements,
      acknowledged,
      settle: () => settle(),
      fail: () => fail(),
      answer: () => answer(),
    }
  }
  const status: TaskStatus = { taskId: 'a', state: 'TASK_RUNNING', agentId: 'agent', uuid: '1' }

  await t.test('an update counts once, and is acknowledged whenever it comes', async (t) => {
    const { acknowledgements, acknowledged, settle, answer } = open()
    t.ok(acknowledgements.isNews(status))
    const first = acknowledgements.acknowledge(status)
    t.same(acknowledged, [], 'not before what followed is kept')
    settle()
    await turn()
    answer()
    await first
    t.notOk(acknowledgements.isNews(status))
    const second = acknowledgements.acknowledge(status)
    settle()
    await turn()
    t.same(acknowledged, ['1', '1'])
    answer()
    await second
    t.ok(acknowledgements.isNews({ ...status, uuid: '2' }))
  })

  await t.test('what waits for its answer is not acknowledged a second time', async (t) => {
    const { acknowledgements, acknowledged, settle, answer } = open()
    void acknowledgements.acknowledge(status)
    settle()
    await turn()
    t.same(acknowledged, ['1'])
    void acknowledgements.acknowledge(status)
    settle()
    await turn()
    t.same(acknowledged, ['1'], 'it waits')
    void acknowledgements.acknowledge({ ...status, uuid: '2' })
    settle()
    await turn()
    t.same(acknowledged, ['1', '2'])
    answer()
    await turn()
    void acknowledgements.acknowledge(status)
    void acknowledgements.acknowledge({ ...status, uuid: '2' })
    settle()
    await turn()
    t.same(acknowledged, ['1', '2', '2'], 'the first still waits, the second does not')
  })

  await t.test('what could not be kept is acknowledged when it comes again', async (t) => {
    const { acknowledgements, acknowledged, settle, answer, fail } = open()
    const first = acknowledgements.acknowledge(status)
    fail()
    await first
    const second = acknowledgements.acknowledge(status)
    settle()
    await turn()
    answer()
    await second
    t.same(acknowledged, ['1'])
  })

  await t.test('what the master made is never acknowledged, and always news', async (t) => {
    const { acknowledgements, acknowledged, settle } = open()
    const { uuid: _, ...made } = status
    t.ok(acknowledgements.isNews(made))
    t.ok(acknowledgements.isNews(made))
    await acknowledgements.acknowledge(made)
    settle()
    t.same(acknowledged, [])
  })

  await t.test('what could not be kept is not acknowledged', async (t) => {
    const { acknowledgements, acknowledged, fail } = open()
    t.ok(acknowledgements.isNews(status))
    const asked = acknowledgements.acknowledge(status)
    fail()
    await asked
    t.same(acknowledged, [])
  })

  await t.test('what comes late of the last thousand that ended is known', async (t) => {
    const { acknowledgements } = open()
    for (let i = 0; i <= 1_000; i++) {
      acknowledgements.isNews({ ...status, taskId: `task${i}` })
      acknowledgements.ended(`task${i}`)
    }
    t.notOk(acknowledgements.isNews({ ...status, taskId: 'task1' }))
    t.ok(acknowledgements.isNews({ ...status, taskId: 'task0' }), 'that one is forgotten')
  })
})

t.test('WorkerTasks: an agent that repeats an update while a slow master is told', async (t) => {
  const { clock, calls, master, tasks, taskId } = await workerTasksUnderTest(t, noopLogger)
  const told = () => calls.filter(({ type }) => type === 'ACKNOWLEDGE').length
  let lose = (_error: Error) => {}
  master.answer = ({ type }) =>
    type === 'ACKNOWLEDGE'
      ? new Promise((_, reject) => {
          lose = reject
        })
      : Promise.resolve()
  const running: TaskStatus = { taskId, agentId: 'S1', state: 'TASK_RUNNING', uuid: 'U' }
  tasks.subscribed(false)
  for (let repetition = 0; repetition < 5; repetition++) {
    tasks.updated(running)
    await clock.advance(10_000)
  }
  t.equal(told(), 1, 'nothing piles up')
  lose(new MesosCallError('not-subscribed', 'the connection broke'))
  tasks.disconnected()
  await clock.advance(100)
  tasks.subscribed(false)
  tasks.updated(running)
  await clock.advance(10_000)
  t.equal(told(), 2, 'the first may not have come there')
  lose(new MesosCallError('refused', 'no'))
  await clock.advance(10_000)
  tasks.updated(running)
  await clock.advance(10_000)
  t.equal(told(), 3)
  tasks.close()
})
