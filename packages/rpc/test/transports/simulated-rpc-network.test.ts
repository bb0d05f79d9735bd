import { createHash } from 'node:crypto'
import { SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  MainThreadExecutor,
  type RpcService,
  type SimulatedNetworkEvent,
  type SimulatedNetworkPolicy,
  SimulatedRpcNetwork,
  uniformPolicy,
} from '@flink-ts/rpc'
import t from 'tap'
import { TEST_GATEWAY, type TestGateway, TestingGateway } from '../testing-gateway.js'
import { settleOn } from './transports.js'

const A = 'a:6123'
const B = 'b:6123'

function createNetwork(seed: number, policy?: SimulatedNetworkPolicy) {
  const clock = new ManualClock()
  const events: SimulatedNetworkEvent[] = []
  const network = new SimulatedRpcNetwork({
    clock,
    random: new SeededRandom(seed),
    ...(policy ? { policy } : {}),
    onEvent: (event) => events.push(event),
  })
  const a = network.createService({ address: A, clock })
  const b = network.createService({ address: B, clock })
  const { handler, mainThread } = serve(b, clock)
  const gateway = a.connect(B, 'test_1', TEST_GATEWAY)
  const kinds = () => events.map((event) => event.kind)
  const settle = <T>(promise: Promise<T>) => settleOn(clock, promise)
  return { clock, events, kinds, network, a, b, handler, mainThread, gateway, settle }
}

function serve(service: RpcService, clock: ManualClock) {
  const handler = new TestingGateway()
  const mainThread = new MainThreadExecutor({
    name: 'test_1',
    clock,
    onFatalError: (error) => {
      throw error
    },
  })
  service.startServer<TestGateway>({
    endpointId: 'test_1',
    definition: TEST_GATEWAY,
    handler,
    mainThread,
    fencingToken: () => 'unfenced',
  })
  return { handler, mainThread }
}

/** Twenty calls over a lossy network; what came of each, and the hash of all events. */
async function lossyRun(seed: number): Promise<{ outcomes: string[]; hash: string }> {
  const policy = uniformPolicy({
    minDelayMs: 1,
    maxDelayMs: 50,
    requestLoss: 0.2,
    responseLoss: 0.2,
  })
  const { gateway, settle, events } = createNetwork(seed, policy)
  const calls = Array.from({ length: 20 }, (_, i) =>
    gateway.say({ text: String(i) }, { timeoutMs: 200 }).then(
      ({ text }) => text,
      (error) => error.code,
    ),
  )
  const outcomes = await settle(Promise.all(calls))
  return { outcomes, hash: createHash('sha256').update(JSON.stringify(events)).digest('hex') }
}

t.test(
  'SimulatedRpcNetwork gives the same trace for the same seed, another for another',
  async (t) => {
    const [first, second, other] = [await lossyRun(1), await lossyRun(1), await lossyRun(2)]

    t.same(second, first)
    t.not(other.hash, first.hash)
    t.ok(first.outcomes.includes('FLINK_RPC_TIMEOUT'), 'some messages were lost')
    t.ok(first.outcomes.includes('0') || first.outcomes.includes('1'), 'some were not')
  },
)

t.test('SimulatedRpcNetwork lets messages overtake each other', async (t) => {
  const { gateway, handler, settle } = createNetwork(
    3,
    uniformPolicy({ minDelayMs: 1, maxDelayMs: 100 }),
  )
  const arrived: number[] = []
  handler.sayFunction = async (request) => {
    arrived.push(Number(request.text))
    return request
  }

  await settle(Promise.all(Array.from({ length: 20 }, (_, i) => gateway.say({ text: String(i) }))))

  t.equal(arrived.length, 20)
  t.notSame(
    arrived,
    [...arrived].sort((x, y) => x - y),
  )
})

t.test(
  'SimulatedRpcNetwork runs the call whose response it loses, and not the one whose request',
  async (t) => {
    const { gateway, handler, network, settle, kinds } = createNetwork(1)
    let handled = 0
    handler.sayFunction = async (request) => {
      handled++
      return request
    }
    const timeout = { code: 'FLINK_RPC_TIMEOUT' }

    network.policy = uniformPolicy({ minDelayMs: 1, maxDelayMs: 1, requestLoss: 1 })
    await t.rejects(settle(gateway.say({ text: '' }, { timeoutMs: 20 })), timeout)
    t.equal(handled, 0)
    network.policy = uniformPolicy({ minDelayMs: 1, maxDelayMs: 1, responseLoss: 1 })
    await t.rejects(settle(gateway.say({ text: '' }, { timeoutMs: 20 })), timeout)
    t.equal(handled, 1)
    t.ok(kinds().includes('drop-request') && kinds().includes('drop-reply'))
  },
)

t.test('SimulatedRpcNetwork partitions one direction apart from the other', async (t) => {
  const { gateway, handler, network, settle } = createNetwork(1)
  let handled = 0
  handler.sayFunction = async (request) => {
    handled++
    return request
  }
  const timeout = { code: 'FLINK_RPC_TIMEOUT' }

  network.block(A, B)
  await t.rejects(settle(gateway.say({ text: '' }, { timeoutMs: 20 })), timeout)
  t.equal(handled, 0)
  network.heal()
  network.block(B, A)
  await t.rejects(settle(gateway.say({ text: '' }, { timeoutMs: 20 })), timeout)
  t.equal(handled, 1)
  network.unblock(B, A)
  t.same(await settle(gateway.say({ text: 'x' })), { text: 'x' })
  network.partition([A], [B])
  await t.rejects(settle(gateway.say({ text: '' }, { timeoutMs: 20 })), timeout)
})

t.test('SimulatedRpcNetwork resets the connections of a crashed process', async (t) => {
  const { a, gateway, handler, mainThread, network, settle, clock } = createNetwork(1)
  const called = new Promise<void>((resolve) => {
    handler.sayFunction = () => {
      resolve()
      return new Promise(() => {})
    }
  })
  const lost = new Promise<Error>((resolve) => a.onConnectionLost(B, resolve))
  const call = gateway.say({ text: '' }, { timeoutMs: 1e6 })
  call.catch(() => {})
  await settle(called)
  mainThread.schedule(1e6, () => {})

  network.crash(B)

  await t.rejects(settle(call), { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE', reason: /reset/ })
  t.match(await settle(lost), { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })
  await t.rejects(settle(gateway.say({ text: '' })), { reason: /refused/, code: /UNREACHABLE/ })
  t.ok(mainThread.isClosed)
  t.equal(clock.pendingTimers, 0, 'the timers of the dead process are gone')
})

t.test(
  'SimulatedRpcNetwork leaves callers of a silently crashed process to their deadlines',
  async (t) => {
    const { a, gateway, handler, network, settle } = createNetwork(1)
    const called = new Promise<void>((resolve) => {
      handler.sayFunction = () => {
        resolve()
        return new Promise(() => {})
      }
    })
    let told = 0
    a.onConnectionLost(B, () => told++)
    const call = gateway.say({ text: '' }, { timeoutMs: 50 })
    call.catch(() => {})
    await settle(called)

    network.crash(B, { silent: true })

    await t.rejects(settle(call), { code: 'FLINK_RPC_TIMEOUT' })
    t.equal(told, 0)
  },
)

t.test('SimulatedRpcNetwork takes nothing from a dead process and gives it nothing', async (t) => {
  const { a, gateway, handler, network, settle, clock, events } = createNetwork(1)
  const back = serve(a, clock)
  const call = gateway.say({ text: '' }, { timeoutMs: 50 })
  let settled = false
  const note = () => {
    settled = true
  }
  call.then(note, note)
  let handled = 0
  handler.sayFunction = async (request) => {
    handled++
    return request
  }

  network.crash(A)
  void gateway.say({ text: 'zombie' })
  await settle(new Promise<void>((resolve) => clock.schedule(100, resolve)))

  t.equal(handled, 1, 'what was under way arrives')
  t.notOk(settled, 'the dead caller hears nothing, not even of its deadline')
  t.ok(back.mainThread.isClosed)
  t.match(events.at(-1), { kind: 'drop-reply', reason: 'dead' })
  t.equal(events.filter((event) => event.kind === 'send').length, 1)
})

t.test('SimulatedRpcNetwork keeps a reply for the dead from its successor', async (t) => {
  const { gateway, network, settle, clock, events } = createNetwork(1)
  void gateway.say({ text: '' })
  network.crash(A)
  network.createService({ address: A, clock })

  await settle(new Promise<void>((resolve) => clock.schedule(100, resolve)))

  t.match(events.at(-1), { kind: 'drop-reply', reason: 'dead' })
})

t.test('SimulatedRpcNetwork close leaves no timer of messages on the way', async (t) => {
  const { a, b, gateway, network, clock } = createNetwork(1)
  const call = gateway.say({ text: '' })

  await Promise.all([a.close(), b.close()])
  network.close()

  await t.rejects(call, { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })
  t.equal(clock.pendingTimers, 0)
})

t.test(
  'SimulatedNetworkPolicy.duplicatesRequest brings a request twice, and one answer to its caller',
  async (t) => {
    const calm = uniformPolicy({ minDelayMs: 1, maxDelayMs: 1 })
    const { gateway, settle, kinds, clock } = createNetwork(1, {
      delayMs: calm.delayMs,
      losesRequest: () => false,
      losesResponse: () => false,
      duplicatesRequest: () => true,
    })
    t.same(await settle(gateway.say({ text: 'hello' })), { text: 'hello' })
    clock.advance(10)
    const seen = kinds()
    for (const kind of ['deliver', 'deliver-duplicate', 'deliver-reply'] as const) {
      t.equal(seen.filter((each) => each === kind).length, 1, kind)
    }
  },
)
