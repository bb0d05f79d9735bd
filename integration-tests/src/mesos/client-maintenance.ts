import type { InverseOffer } from '@flink-ts/mesos-client'
import type { Test } from 'tap'
import { until } from '../support/until.js'
import { type ClientPlace, clientTest } from './client-place.js'
import type { TestScheduler } from './test-scheduler.js'

const HOUR_MS = 3_600_000

/** The operator wants machines back. */
export async function testMaintenance(t: Test, place: ClientPlace): Promise<void> {
  const { start } = place
  const { operator } = place.mesos

  await clientTest(
    t,
    place,
    'the operator wants a machine back, and hears the answers',
    async (t) => {
      const scheduler = await start()
      const { agentId, hostname } = await scheduler.run({
        taskId: 'in-the-way',
        command: 'sleep 600',
      })
      const answerIs = (answer: string) =>
        until(`the operator has heard ${answer}`, async () => {
          const [heard] = await operator.maintenanceAnswers()
          return heard?.answer === answer && heard
        })
      // Nanoseconds of whole seconds are numbers of JSON without a loss.
      const unavailableFromMs = Math.ceil(Date.now() / 1000) * 1000 + HOUR_MS
      const unavailable = { unavailableFromMs, unavailableUntilMs: unavailableFromMs + 2 * HOUR_MS }
      await operator.planMaintenance([hostname], unavailableFromMs, 2 * HOUR_MS)
      const asked = await untilAsked(scheduler)
      t.match(asked, { agentId, ...unavailable })
      t.ok(
        await scheduler.untilOffer((each) => each.unavailableFromMs !== undefined),
        'what is offered there says so, too',
      )
      t.match([...scheduler.offers.values()], [{ agentId, ...unavailable }])

      const answer = { inverseOfferIds: [asked.id], refuseSeconds: 0 }
      await scheduler.call({ type: 'DECLINE_INVERSE_OFFERS', ...answer })
      t.match(await answerIs('DECLINE'), { hostname, frameworkId: scheduler.frameworkId })
      const again = await untilAsked(scheduler, asked)
      await scheduler.call({
        type: 'ACCEPT_INVERSE_OFFERS',
        inverseOfferIds: [again.id],
        refuseSeconds: 0,
      })
      await answerIs('ACCEPT')

      const last = await untilAsked(scheduler, again)
      await operator.planMaintenance([])
      await until('the last wish is taken back', () =>
        scheduler.events.some(
          (each) => each.type === 'RESCIND_INVERSE_OFFER' && each.inverseOfferId === last.id,
        ),
      )
      t.strictSame(scheduler.states('in-the-way').slice(-1), ['TASK_RUNNING'], 'it stays')
      await scheduler.tearDown()
    },
  )
}

/** The wish that came after this one. */
function untilAsked(scheduler: TestScheduler, after?: InverseOffer): Promise<InverseOffer> {
  return until('the machine is wanted back', () => {
    const all = scheduler.events.flatMap((each) =>
      each.type === 'INVERSE_OFFERS' ? each.inverseOffers : [],
    )
    return all[after === undefined ? 0 : all.findIndex(({ id }) => id === after.id) + 1]
  })
}
