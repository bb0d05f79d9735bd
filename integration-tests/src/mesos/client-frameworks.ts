import { MesosCallError } from '@flink-ts/mesos-client'
import type { Test } from 'tap'
import { until } from '../support/until.js'
import { type ClientPlace, clientTest, PRINCIPAL, ROLE, SECRET } from './client-place.js'
import { TestScheduler } from './test-scheduler.js'

/** Subscriptions: who is let in, what the master knows of it, and how it ends. */
export async function testFrameworks(t: Test, place: ClientPlace): Promise<void> {
  const { mesos, start } = place
  const { operator } = mesos
  const test = (name: string, body: (t: Test) => Promise<void>) => clientTest(t, place, name, body)

  await test('what a framework says of itself is in the master', async (t) => {
    const scheduler = await start({
      framework: {
        name: 'says who it is',
        hostname: 'job-manager.test',
        webuiUrl: 'http://job-manager.test:8081',
        failoverTimeoutSeconds: 4711,
        labels: { team: 'streams' },
      },
    })
    await scheduler.untilSubscribed()
    t.match(await operator.frameworks(), [
      {
        id: scheduler.frameworkId,
        name: 'says who it is',
        user: 'root',
        roles: [ROLE],
        principal: PRINCIPAL,
        hostname: 'job-manager.test',
        webuiUrl: 'http://job-manager.test:8081',
        failoverTimeoutSeconds: 4711,
        checkpoint: true,
        capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE', 'MULTI_ROLE'],
        active: true,
        connected: true,
      },
    ])
    t.match(await operator.everything(), '"streams"')
    await scheduler.tearDown()
    t.strictSame(await operator.frameworks(), [])
    t.equal((await operator.completedFrameworks()).at(-1)?.id, scheduler.frameworkId)
  })

  await test('a framework that is not to be waited for, until it says otherwise', async (t) => {
    const forgotten = await start({ framework: { failoverTimeoutSeconds: 0 } })
    await forgotten.untilSubscribed()
    await forgotten.scheduler.close()
    await until('the master has forgotten it', async () => {
      return (await operator.frameworks()).length === 0
    })

    const kept = await start({ framework: { failoverTimeoutSeconds: 0 } })
    await kept.untilSubscribed()
    const framework = { ...kept.framework, failoverTimeoutSeconds: 4711 }
    await kept.call({ type: 'UPDATE_FRAMEWORK', framework })
    t.match(await operator.frameworks(), [{ failoverTimeoutSeconds: 4711, connected: true }])
    t.match(
      await kept
        .call({ type: 'UPDATE_FRAMEWORK', framework: { ...framework, user: 'another' } })
        .catch((error) => error),
      { reason: 'refused', message: /user/ },
    )
    await kept.scheduler.close()
    const again = await start({ framework: { ...framework, id: kept.frameworkId } })
    await again.untilSubscribed()
    t.equal(again.frameworkId, kept.frameworkId)
    await again.tearDown()
  })

  await test('a second scheduler takes the framework over, with what nobody acknowledged', async (t) => {
    const first = await start({ acknowledges: false })
    const offer = await first.untilOffer()
    await first.launch(offer, [{ taskId: 'goes-on', command: 'sleep 600' }])
    const starting = await first.untilState('goes-on', 'TASK_STARTING')

    const id = first.frameworkId
    const second = await start({ framework: { id } })
    t.match(await first.untilEnd(), { kind: 'failed-over' })
    t.equal(
      await first.call({ type: 'REVIVE' }).catch((error) => error.constructor),
      MesosCallError,
    )
    await second.untilSubscribed()
    t.equal(second.frameworkId, id)
    t.match(await second.untilState('goes-on', 'TASK_STARTING'), { uuid: starting.uuid })
    await second.untilState('goes-on', 'TASK_RUNNING')

    for (const tasks of [[], [{ taskId: 'goes-on', agentId: offer.agentId }]]) {
      const before = second.updates.length
      await second.call({ type: 'RECONCILE', tasks })
      t.match(await second.untilState('goes-on', 'TASK_RUNNING', before), {
        reason: 'REASON_RECONCILIATION',
        uuid: undefined,
      })
    }
    await second.call({ type: 'RECONCILE', tasks: [{ taskId: 'never-was' }] })
    await second.untilState('never-was', 'TASK_UNKNOWN')
    await second.call({
      type: 'RECONCILE',
      tasks: [{ taskId: 'was-not-there', agentId: offer.agentId }],
    })
    await second.untilState('was-not-there', 'TASK_GONE')
    await second.tearDown()
    await first.scheduler.close()
    await until('its task has ended', () => mesos.taskProcesses('goes-on').length === 0)
  })

  await test('calls that the master refuses', async (t) => {
    const scheduler = await start()
    const offer = await scheduler.untilOffer()
    const refused = await scheduler
      .call({
        type: 'ACKNOWLEDGE',
        agentId: offer.agentId,
        taskId: 'any',
        uuid: Buffer.from('short').toString('base64'),
      })
      .catch((error: unknown) => error)
    t.ok(refused instanceof MesosCallError)
    t.match(refused, { reason: 'refused', message: /[Nn]ot a valid UUID/ })
    t.equal(scheduler.disconnections.length, 0, 'the subscription goes on')
    await scheduler.tearDown()
  })

  await test('who is not let in', async (t) => {
    for (const [name, options, message] of [
      [
        'a wrong secret',
        { credentials: { principal: PRINCIPAL, secret: 'wrong' } },
        /401|principal|secret/i,
      ],
      ['an unknown role', { framework: { roles: ['nobodys'] } }, /nobodys/],
      ['another principal', { framework: { principal: 'somebody' } }, /principal/i],
    ] as const) {
      const scheduler = await start(options)
      const end = await scheduler.untilEnd()
      t.match(end, { kind: 'refused', message }, name)
      t.notOk(end.message.includes(SECRET), 'the secret is not told')
      await scheduler.scheduler.close()
    }
    const scheduler = await TestScheduler.start(t, { master: mesos.address })
    t.match(await scheduler.untilEnd(), { kind: 'refused', message: /401|principal/i })
    await scheduler.scheduler.close()
    t.strictSame(await operator.frameworks(), [])
  })

  await test('frameworks that are removed', async (t) => {
    const torn = await start()
    await torn.untilSubscribed()
    await operator.tearDown(torn.frameworkId)
    t.match(await torn.untilEnd(), { kind: 'framework-removed' })
    await torn.scheduler.close()

    const late = await start({ framework: { failoverTimeoutSeconds: 1 } })
    await late.run({ taskId: 'ends-with-it', command: 'sleep 600' })
    const id = late.frameworkId
    await late.scheduler.close()
    await until('the master has removed it', async () => {
      return (await operator.completedFrameworks()).some((each) => each.id === id)
    })
    await until('its task has ended', () => mesos.taskProcesses('ends-with-it').length === 0)
    const again = await start({ framework: { id } })
    t.match(await again.untilEnd(), { kind: 'framework-removed', message: /removed/ })
    await again.scheduler.close()
  })
}
