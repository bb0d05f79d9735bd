import { RecipientUnreachableError, RpcTimeoutError } from '@flink-ts/rpc'
import t from 'tap'
import { DEFAULT_REGISTRATION_SETTINGS } from '../../dist/registration/registration-settings.js'
import {
  type RegistrationResponse,
  RetryingRegistration,
} from '../../dist/registration/retrying-registration.js'
import { advance, settle, TestWorld } from '../testing/control-plane.js'

function setUp(answers: (() => RegistrationResponse<string>)[]) {
  const world = new TestWorld()
  const attempts: { at: number; timeoutMs: number }[] = []
  const registered: string[] = []
  const start = world.clock.now()
  const registration = new RetryingRegistration<string>({
    target: 'test',
    mainThread: world.mainThread('test'),
    log: world.log,
    settings: DEFAULT_REGISTRATION_SETTINGS,
    register: async (timeoutMs) => {
      attempts.push({ at: world.clock.now() - start, timeoutMs })
      return answers[Math.min(attempts.length, answers.length) - 1]!()
    },
    onRegistered: (success) => void registered.push(success),
  })
  return { world, attempts, registered, registration }
}

const success = () => ({ success: 'yes' })
const rejection = () => ({ rejection: 'no' })
const timeout = () => {
  throw new RpcTimeoutError({ target: 'test', timeoutMs: 1 })
}
const unreachable = () => {
  throw new RecipientUnreachableError({ target: 'test', reason: 'connection refused' })
}
const failure = () => {
  throw new Error('broken')
}

t.test('RetryingRegistration tells the success once and leaves no timer', async (t) => {
  const { world, attempts, registered, registration } = setUp([success])
  registration.start()
  await advance(world.clock, 100_000)
  t.same(attempts, [{ at: 0, timeoutMs: 100 }])
  t.same(registered, ['yes'])
  t.ok(registration.isRegistered)
  t.equal(world.clock.pendingTimers, 0)
})

t.test(
  'RetryingRegistration doubles the timeout of unanswered attempts up to the maximum',
  async (t) => {
    const { world, attempts, registration } = setUp([timeout])
    registration.start()
    for (let i = 0; i < 11; i++) await advance(world.clock, 0, 1).then(() => world.clock.advance(0))
    await settle()
    t.same(
      attempts.slice(0, 11).map(({ timeoutMs }) => timeoutMs),
      [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000],
    )
    registration.cancel()
  },
)

t.test('RetryingRegistration finds a peer that starts within a second', async (t) => {
  const { world, attempts, registered, registration } = setUp([
    ...Array<() => never>(7).fill(unreachable),
    success,
  ])
  registration.start()
  await advance(world.clock, 10_000, 100)
  t.same(
    attempts.map(({ at }) => at),
    [0, 100, 300, 700, 1500, 2500, 3500, 4500],
  )
  t.same(registered, ['yes'])
})

t.test('RetryingRegistration pauses 10 s after an error and 30 s after a refusal', async (t) => {
  const { world, attempts, registration } = setUp([failure, rejection, success])
  registration.start()
  await advance(world.clock, 60_000, 1000)
  t.same(
    attempts.map(({ at }) => at),
    [0, 10_000, 40_000],
  )
})

t.test(
  'RetryingRegistration tells nothing after cancel, not even an answer on its way',
  async (t) => {
    const { world, registered, registration } = setUp([success])
    registration.start()
    registration.cancel()
    await advance(world.clock, 1000)
    t.same(registered, [])
    t.equal(world.clock.pendingTimers, 0)
  },
)
