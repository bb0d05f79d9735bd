import t, { type Test } from 'tap'
import { rescind, value } from '../../../mesos-client/dist-test/support/events.js'
import {
  type ScriptedCall,
  takeAll,
} from '../../../mesos-client/dist-test/support/scripted-master.js'
import { DriverOverHttp, offers, update, uuid, word } from '../support/driver-over-http.js'

const TASK = 'taskmanager-00001'
const failure = (agent: string, more: object = {}) => ({
  type: 'FAILURE',
  failure: { agent_id: value(agent), ...more },
})

/** What the ACCEPTs that have arrived use, and what they launch. */
function accepted(over: DriverOverHttp): unknown[] {
  return over.calls('ACCEPT').map(({ accept: { offer_ids, operations } }) => ({
    offers: offer_ids.map(({ value }: { value: string }) => value),
    tasks: operations.flatMap(({ launch }: { launch: { task_infos: { task_id: object }[] } }) =>
      launch.task_infos.map(({ task_id }) => (task_id as { value: string }).value),
    ),
  }))
}

const declined = (over: DriverOverHttp): string[] =>
  over
    .calls('DECLINE')
    .flatMap(({ decline }) => decline.offer_ids.map(({ value }: { value: string }) => value))

/** The ACCEPT that arrives next is not answered. */
async function heldAccept(over: DriverOverHttp): Promise<ScriptedCall> {
  const { master } = over
  const held = new Promise<ScriptedCall>((resolve) => {
    master.script = (call) => (call.call.type === 'ACCEPT' ? resolve(call) : takeAll(call))
  })
  await over.heard()
  const call = await held
  master.script = takeAll
  return call
}

interface Placement {
  /** Tasks whose places the store is slow to note; default 1. */
  readonly tasks?: number
  readonly offered: object
  /** Until all has had its time, after the store answers again. */
  readonly thenMs: number
}

/** What `happens` while it is noted where tasks go lets nothing be launched with the offers. */
async function whileNoted(
  t: Test,
  over: DriverOverHttp,
  { tasks = 1, offered, thenMs }: Placement,
  happens: () => unknown,
): Promise<void> {
  const { store } = over.under
  store.happens = () => false
  store.outcomesToLose = 6 * tasks
  over.say(offered)
  await over.settle(1_500)
  t.ok(store.outcomesToLose > 0 && store.outcomesToLose < 6 * tasks, 'a place is being noted')
  await happens()
  await over.settle()
  store.outcomesToLose = 0
  await over.settle(thenMs)
  t.same(accepted(over), [])
}

t.test('MesosResourceManagerDriver over HTTP: offers that are taken back', async (t) => {
  await t.test('in the breath in which they are made: nothing is launched with them', async (t) => {
    const over = await DriverOverHttp.lead(t)
    const wanted = over.under.request()
    await over.settle()
    over.say(offers(['o1', 'S1'], ['o2', 'S2']), rescind('o1'), rescind('o2'))
    await over.settle(2_000)
    t.same(accepted(over), [])
    over.say(offers(['o3', 'S1']))
    await over.settle()
    t.same(accepted(over), [{ offers: ['o3'], tasks: [TASK] }])
    over.say(update(TASK, 'TASK_STARTING', uuid(1)))
    await over.settle()
    t.equal(wanted.id, TASK)
  })

  await t.test('while it is noted where a task goes: it goes elsewhere', async (t) => {
    const over = await DriverOverHttp.lead(t)
    const { store, clock } = over.under
    const wanted = over.under.request()
    await over.settle()
    await whileNoted(t, over, { offered: offers(['o1', 'S1'], ['o2', 'S1']), thenMs: 60_000 }, () =>
      over.say(rescind('o1')),
    )
    t.ok(declined(over).includes('o2'), 'what is left of the place is given back')
    t.same(store.workers, { [TASK]: 'New' })
    const asked = over.calls('RECONCILE').flatMap(({ reconcile }) => reconcile.tasks)
    t.same(asked, [], 'no master needs to be asked of it')
    over.say(offers(['o3', 'S2']))
    await over.settle(2_000)
    t.same(accepted(over), [{ offers: ['o3'], tasks: [TASK] }])
    over.say(update(TASK, 'TASK_RUNNING', uuid(1), 'S2'))
    await over.settle()
    t.match(wanted.handle, { resourceId: TASK, nodeId: 'host-of-S2' })
    await clock.advance(60_000)
    t.equal(over.calls('ACCEPT').length, 1)
    t.same(over.calls('KILL'), [])
  })

  await t.test('while it is noted where some tasks go, and another one waits', async (t) => {
    const over = await DriverOverHttp.lead(t)
    over.under.requestMany(3)
    await over.settle()
    await whileNoted(t, over, { tasks: 2, offered: offers(['o1', 'S1']), thenMs: 10_000 }, () =>
      over.say(rescind('o1')),
    )
    over.say(offers(['o2', 'S2'], ['o3', 'S3']))
    await over.settle(2_000)
    const launched = accepted(over) as { offers: string[]; tasks: string[] }[]
    t.same(launched.flatMap(({ offers }) => offers).sort(), ['o2', 'o3'])
    t.same(
      launched.flatMap(({ tasks }) => tasks).sort(),
      [1, 2, 3].map((number) => `taskmanager-0000${number}`),
    )
  })

  await t.test('with the stream, while they are gathered: it begins anew', async (t) => {
    const over = await DriverOverHttp.lead(t)
    over.under.requestMany(3)
    await over.settle()
    over.say(offers(['o1', 'S1']))
    over.master.calls.find(({ call }) => call.type === 'SUBSCRIBE')?.response.end()
    await over.called('SUBSCRIBE', 2)
    await over.called('REVIVE', 2)
    await over.settle()
    over.say(offers(['o2', 'S2']))
    await over.settle(500)
    t.same(accepted(over), [], 'there may be room for all soon')
    await over.settle(600)
    t.match(accepted(over), [{ offers: ['o2'] }])
    over.say(offers(['o3', 'S3']))
    await over.settle()
    t.match(accepted(over), [{ offers: ['o2'] }, { offers: ['o3'] }])
  })

  await t.test('with the stream, while it is noted where a task goes', async (t) => {
    const over = await DriverOverHttp.lead(t)
    const wanted = over.under.request()
    await over.settle()
    await whileNoted(t, over, { offered: offers(['o1', 'S1']), thenMs: 30_000 }, async () => {
      over.master.calls.find(({ call }) => call.type === 'SUBSCRIBE')?.socket.destroy()
      await over.called('SUPPRESS', 3)
    })
    t.notOk(wanted.error)
    over.say(offers(['o2', 'S2']))
    await over.settle(2_000)
    t.same(accepted(over), [{ offers: ['o2'], tasks: [TASK] }])
  })

  for (const order of ['before', 'behind']) {
    await t.test(`between ACCEPT and its answer, and the word of it ${order} that`, async (t) => {
      const over = await DriverOverHttp.lead(t, {
        configuration: { 'mesos.maximum-failed-tasks': '0' },
      })
      const { under } = over
      const wanted = under.request()
      await over.settle()
      over.say(offers(['o1', 'S1']))
      const { response } = await heldAccept(over)
      over.say(rescind('o1'))
      await over.heard()
      t.notOk(wanted.error, 'nobody knows yet whether it was launched')
      const dropped = word(TASK, 'TASK_DROPPED', 'REASON_INVALID_OFFERS')
      if (order === 'before') {
        over.say(dropped)
        await over.heard()
        response.writeHead(202).end()
      } else {
        response.writeHead(202).end()
        await over.settle()
        over.say(dropped)
      }
      await over.settle(60_000)
      t.match(wanted.error, { code: 'FLINK_MESOS_TASK', message: /REASON_INVALID_OFFERS/ })
      t.same(under.store.workers, {})
      t.same(under.process.terminated, [], 'it was never granted')
      t.same(under.process.errors, [], 'and has not failed')
      t.equal(over.calls('ACCEPT').length, 1)
      t.same([...over.calls('KILL'), ...over.calls('ACKNOWLEDGE')], [])
      const next = under.request()
      await over.settle()
      over.say(offers(['o2', 'S1']))
      await over.settle()
      over.say(update('taskmanager-00002', 'TASK_STARTING', uuid(1)))
      await over.settle()
      t.equal(next.id, 'taskmanager-00002')
    })
  }

  await t.test('by a word that comes when they are used: the task is launched', async (t) => {
    const over = await DriverOverHttp.lead(t)
    const wanted = over.under.request()
    await over.settle()
    over.say(offers(['o1', 'S1']))
    await over.settle()
    over.say(rescind('o1'), update(TASK, 'TASK_STARTING', uuid(1)))
    await over.settle(60_000)
    t.equal(wanted.id, TASK)
    t.same(over.calls('KILL'), [])
    t.equal(over.calls('ACCEPT').length, 1)
  })
})

t.test('MesosResourceManagerDriver over HTTP: agents that are gone', async (t) => {
  await t.test('take their offers along, though none is taken back', async (t) => {
    const over = await DriverOverHttp.lead(t)
    // There is room for two on one agent: the third waits for more of them for a second.
    over.under.requestMany(3)
    await over.settle()
    over.say(offers(['o1', 'S1']), failure('S1'))
    await over.settle(2_000)
    t.same(accepted(over), [])
    over.say(offers(['o2', 'S2'], ['o3', 'S3']))
    await over.settle()
    t.equal(over.calls('ACCEPT').length, 2)
    t.notOk(JSON.stringify(accepted(over)).includes('o1'))
  })

  await t.test('while it is noted that a task goes there: it goes elsewhere', async (t) => {
    const over = await DriverOverHttp.lead(t)
    over.under.request()
    await over.settle()
    await whileNoted(t, over, { offered: offers(['o1', 'S1']), thenMs: 30_000 }, () =>
      over.say(failure('S1')),
    )
    over.say(offers(['o2', 'S2']))
    await over.settle(2_000)
    t.same(accepted(over), [{ offers: ['o2'], tasks: [TASK] }])
  })

  await t.test('are not meant where an executor is', async (t) => {
    const over = await DriverOverHttp.lead(t)
    over.under.requestMany(3)
    await over.settle()
    over.say(offers(['o1', 'S1']), failure('S1', { executor_id: value('e'), status: 9 }))
    await over.settle(2_000)
    t.match(accepted(over), [{ offers: ['o1'] }])
  })
})

t.test('MesosResourceManagerDriver over HTTP: calls that are not answered', async (t) => {
  await t.test('no task is launched twice: what became of it is asked', async (t) => {
    for (const state of ['TASK_RUNNING', 'TASK_DROPPED']) {
      const over = await DriverOverHttp.lead(t)
      const wanted = over.under.request()
      await over.settle()
      over.say(offers(['o1', 'S1']))
      const { socket } = await heldAccept(over)
      socket.destroy()
      await over.called('SUBSCRIBE', 2)
      await over.called('SUPPRESS', 3)
      await over.settle()
      t.match(over.calls('RECONCILE'), [{ reconcile: { tasks: [{ task_id: value(TASK) }] } }])
      t.notOk(wanted.error ?? wanted.handle)
      over.say(offers(['o2', 'S1']), word(TASK, state, 'REASON_RECONCILIATION'))
      await over.settle(60_000)
      if (state === 'TASK_RUNNING') t.equal(wanted.id, TASK)
      else t.match(wanted.error, { code: 'FLINK_MESOS_TASK', message: /TASK_DROPPED/ })
      t.equal(over.calls('ACCEPT').length, 1)
      t.same(over.calls('KILL'), [])
    }
  })
})
