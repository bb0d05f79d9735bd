import t, { type Test } from 'tap'
import { takeAll } from '../../../mesos-client/dist-test/support/scripted-master.js'
import { DriverOverHttp, offers, update, uuid, word } from '../support/driver-over-http.js'
import type { OpenOptions } from '../support/driver-under-test.js'

const TASK = 'taskmanager-00001'
const STARTING = update(TASK, 'TASK_STARTING', uuid(1))
const RUNNING = update(TASK, 'TASK_RUNNING', uuid(2))
const FAILED = update(TASK, 'TASK_FAILED', uuid(3))
const LOST = update(TASK, 'TASK_LOST', uuid(4))
const UUIDS = new Map([STARTING, RUNNING, FAILED, LOST].map((event, i) => [event, uuid(i + 1)]))

/** A driver that has told the master of a task. */
async function launched(t: Test, options: OpenOptions = {}) {
  const over = await DriverOverHttp.lead(t, options)
  const wanted = over.under.request()
  await over.settle()
  over.say(offers(['o1', 'S1']))
  await over.settle()
  const { terminated, errors } = over.under.process
  return { over, wanted, terminated, errors, store: over.under.store }
}

/** All orders of some things. */
function orders<T>(of: readonly T[]): T[][] {
  if (of.length === 0) return [[]]
  return of.flatMap((first, at) => orders(of.toSpliced(at, 1)).map((rest) => [first, ...rest]))
}

t.test(
  'MesosResourceManagerDriver over HTTP: updates in any order, each of them twice',
  async (t) => {
    const names = new Map([
      [STARTING, 'STARTING'],
      [RUNNING, 'RUNNING'],
      [FAILED, 'FAILED'],
    ])
    for (const order of orders([STARTING, RUNNING, FAILED])) {
      const repeated = order.flatMap((event) => [event, event])
      for (const events of [repeated, [...order, ...order]]) {
        await t.test(events.map((event) => names.get(event)).join(', '), async (t) => {
          const { over, wanted, terminated, errors, store } = await launched(t, {
            configuration: { 'mesos.maximum-failed-tasks': '1' },
          })
          const isGranted = order[0] !== FAILED
          for (const event of events) {
            over.say(event)
            await over.settle()
            t.equal(wanted.id, isGranted ? TASK : '', 'granted by the first one, or never')
          }
          t.equal(terminated.length, isGranted ? 1 : 0, 'the end of a worker is told once')
          t.equal(wanted.error !== undefined, !isGranted, 'that of a request, too')
          t.same(
            over.acknowledged(TASK),
            events.map((event) => UUIDS.get(event)),
            'the agent needs not repeat any of them',
          )
          const isBack = events.slice(events.indexOf(FAILED)).some((event) => event !== FAILED)
          t.equal(over.calls('KILL').length > 0, isBack, 'what runs after its end is killed')
          // KILL asks of a task that nobody knows.
          over.say(word(TASK, 'TASK_GONE', 'REASON_RECONCILIATION'))
          await over.settle(600_000)
          const kills = over.calls('KILL').length
          await over.settle(600_000)
          t.equal(over.calls('KILL').length, kills, 'until it has ended')
          t.equal(terminated.length, isGranted ? 1 : 0)
          t.same(store.workers, {})
          t.same(errors, [], 'one task has failed, not two')
          t.equal(over.calls('ACCEPT').length, 1)
        })
      }
    }
  },
)

t.test('MesosResourceManagerDriver over HTTP: updates that come again', async (t) => {
  await t.test('STARTING behind RUNNING grants nothing more, and kills nothing', async (t) => {
    const { over, wanted, terminated, store } = await launched(t)
    over.say(RUNNING, STARTING, RUNNING, STARTING)
    await over.settle(60_000)
    t.equal(wanted.id, TASK)
    t.same(terminated, [])
    t.same(store.workers, { [TASK]: 'Launched' })
    t.same(over.acknowledged(TASK), [uuid(2), uuid(1)], 'once, as both still waited')
    t.same(over.calls('KILL'), [])
    t.equal(store.operations.filter((operation) => operation.endsWith(TASK)).length, 2)
  })

  await t.test('two ends of one task are one end, and one failure', async (t) => {
    const { over, terminated, errors, store } = await launched(t, {
      configuration: { 'mesos.maximum-failed-tasks': '1' },
    })
    over.say(STARTING, FAILED, FAILED, LOST, FAILED, LOST)
    await over.settle(60_000)
    t.match(terminated, [[TASK, /TASK_FAILED/]])
    t.same(errors, [])
    t.same(store.workers, {})
    t.same(over.acknowledged(TASK), [1, 3, 4].map(uuid), 'once, as they still waited')
    t.same(over.calls('KILL'), [])
  })

  await t.test('an end that is told again while it is being noted', async (t) => {
    const { over, terminated, store } = await launched(t)
    over.say(STARTING)
    await over.settle()
    store.happens = () => false
    store.outcomesToLose = 6
    over.say(FAILED, FAILED)
    await over.settle(1_000)
    t.ok(store.outcomesToLose > 0 && store.outcomesToLose < 6, 'it is being noted')
    t.match(terminated, [[TASK, /TASK_FAILED/]])
    t.same(over.acknowledged(TASK), [uuid(1)], 'and not acknowledged yet')
    store.outcomesToLose = 0
    await over.settle(30_000)
    t.same(over.acknowledged(TASK), [uuid(1), uuid(3)])
    t.equal(terminated.length, 1)
    t.same(store.workers, {})
  })

  await t.test('on the next subscription, as the acknowledgement was lost', async (t) => {
    const { over, wanted, terminated } = await launched(t)
    const { master } = over
    master.script = (call) => {
      if (call.call.type !== 'ACKNOWLEDGE') return takeAll(call)
      master.script = takeAll
      call.socket.destroy()
    }
    over.say(RUNNING)
    await over.called('SUBSCRIBE', 2)
    await over.called('SUPPRESS', 3)
    await over.settle()
    t.match(over.calls('RECONCILE'), [{ reconcile: { tasks: [{ task_id: { value: TASK } }] } }])
    over.say(RUNNING, word(TASK, 'TASK_RUNNING', 'REASON_RECONCILIATION'), RUNNING)
    await over.settle(1_000)
    t.equal(wanted.id, TASK)
    t.same(terminated, [])
    t.same(over.acknowledged(TASK), [uuid(2), uuid(2)], 'again, and once')
    t.same(over.calls('KILL'), [])
  })

  await t.test('an agent is lost before its task starts, and comes back with it', async (t) => {
    for (const state of ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING']) {
      const { over, wanted, terminated, store } = await launched(t)
      over.say(word(TASK, 'TASK_UNREACHABLE', 'REASON_AGENT_REMOVED'))
      await over.settle()
      t.match(wanted.error, { code: 'FLINK_MESOS_TASK', message: /TASK_UNREACHABLE/ }, 'at once')
      t.same(store.workers, { [TASK]: 'Released' }, 'it may come back')
      t.same(over.calls('KILL'), [], 'nobody is there to do it')
      over.say(word(TASK, state, 'REASON_AGENT_REREGISTERED'))
      await over.settle()
      t.match(over.calls('KILL'), [{ kill: { task_id: { value: TASK } } }], state)
      over.say(update(TASK, 'TASK_KILLED', uuid(1)))
      await over.settle(60_000)
      t.same(store.workers, {})
      t.same(terminated, [], 'it was never granted')
      t.equal(over.calls('KILL').length, 1)
    }
  })

  await t.test(
    'an agent that was lost is gone for good: nothing is left of its task',
    async (t) => {
      const { over, terminated, store } = await launched(t)
      over.say(STARTING, word(TASK, 'TASK_UNREACHABLE', 'REASON_AGENT_REMOVED'))
      await over.settle()
      t.same(store.workers, { [TASK]: 'Released' })
      over.say(word(TASK, 'TASK_GONE_BY_OPERATOR', 'REASON_AGENT_REMOVED_BY_OPERATOR'))
      await over.settle()
      t.same(store.workers, {})
      t.match(terminated, [[TASK, /TASK_UNREACHABLE/]])
      t.same(over.calls('KILL'), [])
    },
  )

  await t.test('a worker is released before it is known what became of it', async (t) => {
    const { over, wanted, terminated, store } = await launched(t)
    over.say(STARTING)
    await over.settle()
    over.master.calls.find(({ call }) => call.type === 'SUBSCRIBE')?.socket.destroy()
    await over.called('SUPPRESS', 3)
    await over.settle()
    t.equal(over.calls('RECONCILE').length, 1)
    over.under.driver.releaseResource(wanted.handle!)
    await over.settle()
    t.match(over.calls('KILL'), [{ kill: { task_id: { value: TASK }, agent_id: { value: 'S1' } } }])
    over.say(word(TASK, 'TASK_RUNNING', 'REASON_RECONCILIATION'))
    await over.settle()
    t.same(store.workers, { [TASK]: 'Released' })
    over.say(update(TASK, 'TASK_KILLED', uuid(5)))
    await over.settle(60_000)
    t.same(store.workers, {})
    t.same(terminated, [], 'nobody needs to be told')
    t.equal(over.calls('KILL').length, 1)
  })

  await t.test('what is no end of a worker ends none', async (t) => {
    const { over, wanted, terminated, store } = await launched(t)
    const noEnds = ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_NEW']
    const said = (more: readonly string[] = []) =>
      [...noEnds, ...more].map((state) => word(TASK, state, 'REASON_RECONCILIATION'))
    over.say(RUNNING, ...said())
    await over.settle(1_000)
    t.same(terminated, [])
    t.same(store.workers, { [TASK]: 'Launched' })
    t.same(over.calls('KILL'), [])

    over.under.driver.releaseResource(wanted.handle!)
    await over.settle()
    over.say(...said())
    await over.settle(120_000)
    t.same(store.workers, { [TASK]: 'Released' })
    t.ok(over.calls('KILL').length >= 4, 'it is killed until it has ended')

    over.say(word(TASK, 'TASK_UNREACHABLE', 'REASON_AGENT_REMOVED'))
    await over.settle()
    const kills = over.calls('KILL').length
    over.say(word(TASK, 'TASK_UNREACHABLE', 'REASON_AGENT_REMOVED'))
    over.say(word(TASK, 'TASK_NEW', 'REASON_RECONCILIATION'))
    await over.settle(120_000)
    t.same(store.workers, { [TASK]: 'Released' }, 'its agent may come back')
    t.equal(over.calls('KILL').length, kills, 'nobody is there to do it')
    over.say(RUNNING)
    over.say(word(TASK, 'TASK_RUNNING', 'REASON_AGENT_REREGISTERED'))
    await over.settle()
    t.ok(over.calls('KILL').length > kills)
    over.say(word(TASK, 'TASK_GONE', 'REASON_RECONCILIATION'))
    await over.settle()
    t.same(store.workers, {})
    t.same(terminated, [])
  })
})
