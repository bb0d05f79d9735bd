import { RecipientUnreachableError, RpcTimeoutError } from '@flink-ts/rpc'
import t from 'tap'
import { HeartbeatMonitor } from '../../dist/heartbeat/heartbeat-monitor.js'
import { HeartbeatReceiver } from '../../dist/heartbeat/heartbeat-receiver.js'
import { HeartbeatSender } from '../../dist/heartbeat/heartbeat-sender.js'
import { DEFAULT_HEARTBEAT_SETTINGS as SETTINGS } from '../../dist/heartbeat/heartbeat-settings.js'
import { HEARTBEAT_TRANSITIONS } from '../../dist/heartbeat/heartbeat-state.js'
import { advance, settle, TestWorld } from '../testing/control-plane.js'

function monitorIn(world: TestWorld, lost: string[]) {
  return new HeartbeatMonitor({
    mainThread: world.mainThread('test'),
    clock: world.clock,
    settings: SETTINGS,
    onLost: (state) => void lost.push(state),
  })
}

t.test('HEARTBEAT_TRANSITIONS lead from RUNNING to three final states', async (t) => {
  t.same(HEARTBEAT_TRANSITIONS, {
    RUNNING: ['TIMEOUT', 'UNREACHABLE', 'CANCELED'],
    TIMEOUT: [],
    UNREACHABLE: [],
    CANCELED: [],
  })
})

t.test('HeartbeatMonitor times out exactly one timeout after the last heartbeat', async (t) => {
  const world = new TestWorld()
  const lost: string[] = []
  const monitor = monitorIn(world, lost)
  await advance(world.clock, 30_000)
  monitor.reportHeartbeat()
  t.equal(monitor.lastHeartbeatMs, world.clock.now())
  await advance(world.clock, 49_999)
  t.same([monitor.state, lost], ['RUNNING', []])
  await advance(world.clock, 1)
  t.same([monitor.state, lost], ['TIMEOUT', ['TIMEOUT']])
  monitor.reportHeartbeat()
  monitor.cancel()
  t.equal(monitor.state, 'TIMEOUT', 'final')
})

t.test(
  'HeartbeatMonitor is UNREACHABLE after failures in a row, which a heartbeat interrupts',
  async (t) => {
    const world = new TestWorld()
    const lost: string[] = []
    const monitor = monitorIn(world, lost)
    monitor.reportUnreachable()
    monitor.reportHeartbeat()
    monitor.reportUnreachable()
    t.equal(monitor.state, 'RUNNING')
    monitor.reportUnreachable()
    t.same([monitor.state, lost], ['UNREACHABLE', ['UNREACHABLE']])
    t.equal(world.clock.pendingTimers, 0)
  },
)

t.test('HeartbeatMonitor tells nothing after cancel', async (t) => {
  const world = new TestWorld()
  const lost: string[] = []
  const monitor = monitorIn(world, lost)
  monitor.cancel()
  monitor.reportUnreachable()
  monitor.reportUnreachable()
  await advance(world.clock, 100_000)
  t.same([monitor.state, lost], ['CANCELED', []])
  t.equal(world.clock.pendingTimers, 0)
})

function senderIn(world: TestWorld) {
  const lost: [string, string][] = []
  const heartbeats: [string, string][] = []
  const sender = new HeartbeatSender<string>({
    mainThread: world.mainThread('test'),
    clock: world.clock,
    log: world.log,
    settings: SETTINGS,
    onHeartbeat: (peer, payload) => void heartbeats.push([peer, payload]),
    onLost: (peer, state) => void lost.push([peer, state]),
  })
  return { sender, lost, heartbeats }
}

t.test('HeartbeatSender asks at each interval and hands on what comes back', async (t) => {
  const world = new TestWorld()
  const { sender, lost, heartbeats } = senderIn(world)
  sender.monitorPeer('a', async () => 'payload')
  await advance(world.clock, 100_000, 10_000)
  t.equal(heartbeats.length, 10)
  t.same(heartbeats[0], ['a', 'payload'])
  t.same(lost, [])
  sender.close()
  t.equal(world.clock.pendingTimers, 0)
})

t.test('HeartbeatSender loses a peer that is not there after two intervals', async (t) => {
  const world = new TestWorld()
  const { sender, lost } = senderIn(world)
  sender.monitorPeer('a', async () => {
    throw new RecipientUnreachableError({ target: 'a', reason: 'connection refused' })
  })
  await advance(world.clock, 19_999, 10_000)
  t.same(lost, [])
  await advance(world.clock, 1)
  t.same(lost, [['a', 'UNREACHABLE']])
  t.equal(sender.lastHeartbeatMs('a'), undefined)
  t.equal(world.clock.pendingTimers, 0)
})

t.test('HeartbeatSender survives single lost messages, and times out a silent peer', async (t) => {
  const world = new TestWorld()
  const { sender, lost } = senderIn(world)
  let round = 0
  sender.monitorPeer('lossy', async () => {
    if (round++ % 2 === 0) throw new RpcTimeoutError({ target: 'lossy', timeoutMs: 1 })
    return ''
  })
  sender.monitorPeer('silent', () => new Promise(() => {}))
  await advance(world.clock, 49_999, 10_000)
  t.same(lost, [])
  await advance(world.clock, 200_000, 10_000)
  t.same(lost, [['silent', 'TIMEOUT']])
  sender.close()
})

t.test('HeartbeatSender ignores the answer of a peer that is watched no more', async (t) => {
  const world = new TestWorld()
  const { sender, heartbeats } = senderIn(world)
  let answer: (payload: string) => void = () => {}
  sender.monitorPeer('a', () => new Promise((resolve) => (answer = resolve)))
  await advance(world.clock, 10_000)
  sender.unmonitorPeer('a')
  answer('late')
  await settle()
  t.same(heartbeats, [])
  t.equal(world.clock.pendingTimers, 0)
})

t.test('HeartbeatReceiver loses a peer that stops asking', async (t) => {
  const world = new TestWorld()
  const lost: string[] = []
  const receiver = new HeartbeatReceiver({
    mainThread: world.mainThread('test'),
    clock: world.clock,
    settings: SETTINGS,
    onLost: (peer) => void lost.push(peer),
  })
  receiver.monitorPeer('a')
  await advance(world.clock, 40_000)
  receiver.receiveHeartbeat('a')
  receiver.receiveHeartbeat('unknown')
  await advance(world.clock, 49_999)
  t.same(lost, [])
  await advance(world.clock, 1)
  t.same(lost, ['a'])
  receiver.close()
  t.equal(world.clock.pendingTimers, 0)
})

t.test(
  'heartbeat.rpc-failure-threshold -1 leaves it to the timeout, 1 loses a peer at the first failure',
  async (t) => {
    for (const [threshold, lostAfterFailures] of [
      [-1, []],
      [1, ['UNREACHABLE']],
    ] as const) {
      const world = new TestWorld()
      const lost: string[] = []
      const monitor = new HeartbeatMonitor({
        mainThread: world.mainThread('test'),
        clock: world.clock,
        settings: { ...SETTINGS, rpcFailureThreshold: threshold },
        onLost: (state) => void lost.push(state),
      })
      for (let i = 0; i < 10; i++) monitor.reportUnreachable()
      t.same(lost, lostAfterFailures)
      await advance(world.clock, SETTINGS.timeoutMs)
      t.same(lost, threshold === 1 ? ['UNREACHABLE'] : ['TIMEOUT'])
      t.equal(world.clock.pendingTimers, 0)
    }
  },
)
