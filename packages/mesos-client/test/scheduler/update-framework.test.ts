import t from 'tap'
import { value } from '../support/events.js'
import { SchedulerWorld } from '../support/scheduler-world.js'
import { settle } from '../support/settle.js'

const said = (framework: object) => ({ type: 'UPDATE_FRAMEWORK' as const, framework })

t.test(
  'UPDATE_FRAMEWORK is said at later subscriptions, unless the master refuses it',
  async (t) => {
    for (const [status, expected] of [
      [200, 7],
      [503, 7],
      [400, undefined],
    ] as const) {
      const world = await SchedulerWorld.create(t)
      const { masters } = world
      const first = masters.last.call.subscribe.framework_info
      const stream = masters.last
      stream.subscribe('f-1', 's-9')
      await settle()
      const framework = {
        name: first.name,
        user: first.user,
        roles: ['a'],
        failoverTimeoutSeconds: 7,
        checkpoint: true,
        capabilities: ['MULTI_ROLE' as const],
      }
      const call = world.call(said(framework) as never)
      await settle()
      t.match(masters.last.call, {
        framework_id: value('f-1'),
        type: 'UPDATE_FRAMEWORK',
        update_framework: { framework_info: { id: value('f-1'), failover_timeout: 7 } },
      })
      masters.last.answer(status, 'FrameworkInfo update is not valid')
      await settle()
      t.match(call.state, { 200: /^taken/, 503: /^not-subscribed/, 400: /^refused/ }[status])
      if (status !== 503) stream.break('it broke')
      await settle()
      world.clock.advance(10_000)
      await settle()
      t.match(masters.last.call, {
        type: 'SUBSCRIBE',
        framework_id: value('f-1'),
        subscribe: { framework_info: { failover_timeout: expected ?? first.failover_timeout } },
      })
    }
  },
)

t.test(
  'UPDATE_FRAMEWORK names the principal, which no master lets a framework change',
  async (t) => {
    const world = await SchedulerWorld.create(t, {
      credentials: { principal: 'flink', secret: 's' },
    })
    const { masters } = world
    masters.last.subscribe()
    await settle()
    const framework = { name: 'x', user: 'u', roles: ['a'], failoverTimeoutSeconds: 7 }
    world.call(said({ ...framework, checkpoint: true, capabilities: [] }) as never)
    const principal = 'flink'
    t.match(masters.last.call, { update_framework: { framework_info: { principal } } })
    masters.last.answer(202)
    await settle()
    masters.requests[0]?.break('it broke')
    await settle()
    await world.advance(10_000)
    t.match(masters.last.call, {
      subscribe: { framework_info: { principal, failover_timeout: 7 } },
    })
  },
)
