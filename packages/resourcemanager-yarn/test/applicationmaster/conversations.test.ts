import { noopLogger } from '@flink-ts/core'
import type {
  AllocateResponse,
  ApplicationMasterProtocol,
  ContainerId,
  ContainerManagementProtocol,
} from '@flink-ts/hadoop-rpc'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'
import { NodeManagers } from '../../dist/applicationmaster/node-managers.js'
import { SchedulerSession } from '../../dist/applicationmaster/scheduler-session.js'
import { simulatedToken } from '../../dist/testing/simulated-container.js'

const nodeIdOf = (host: string) => ({ host, port: 8041 })
const idOf = (number: number) => `container_1_0001_01_00000${number}` as ContainerId

/** Nodes of which those named `silent…` never answer: a caller that gives no time limit waits for ever. */
function silentNodes() {
  const clock = new DriverClock()
  const started: ContainerId[] = []
  const failed: string[] = []
  const asked: string[] = []
  const nodes = new NodeManagers({
    clock,
    log: noopLogger,
    connect: (address) => {
      const answer = <T>(what: string, value: T, options?: { readonly timeoutMs?: number }) => {
        asked.push(`${what} ${address}`)
        if (!address.startsWith('silent')) return Promise.resolve(value)
        return new Promise<T>((_, reject) => {
          if (options?.timeoutMs === undefined) return
          clock.schedule(options.timeoutMs, () => reject(new Error('no answer in time')))
        })
      }
      const client: ContainerManagementProtocol = {
        startContainers: (_, options) =>
          answer('start', { started: [], failed: new Map() }, options),
        stopContainers: (_, options) => answer('stop', { failed: new Map() }, options),
        getContainerStatuses: (_, options) =>
          answer('ask', { statuses: [], failed: new Map() }, options),
        close: async () => {},
      }
      return client
    },
    onStarting: () => {},
    onStarted: (id) => void started.push(id),
    onStartFailed: (_, error) => void failed.push(error.message),
    onEnded: () => {},
  })
  const known = (host: string) => {
    nodes.putToken({ nodeId: nodeIdOf(host), token: simulatedToken('NMToken', host) })
    return nodeIdOf(host)
  }
  const start = (host: string, id: ContainerId) =>
    nodes.start(known(host), {
      id,
      containerToken: simulatedToken('ContainerToken', id),
      launchContext: { localResources: {}, environment: {}, commands: [] },
    })
  return { clock, nodes, started, failed, asked, known, start }
}

t.test(
  'NodeManagers: silent nodes keep a start waiting for 5 s, however many they are',
  async (t) => {
    const { clock, nodes, started, known, start } = silentNodes()
    for (let i = 0; i < 100; i++) nodes.stop(known(`silent${i}`), idOf(1))
    await clock.advance(10)
    start('healthy', idOf(2))
    await clock.advance(4_000)
    t.same(started, [], 'as many are spoken with as may be')
    await clock.advance(1_500)
    t.same(started, [idOf(2)], 'before the other silent ones')
    await clock.advance(60_000)
    t.equal(clock.pendingTimers, 0)
  },
)

t.test(
  'NodeManagers: a start that is not answered is given up after five times 15 s',
  async (t) => {
    const { clock, failed, asked, start } = silentNodes()
    start('silent', idOf(1))
    await clock.advance(5 * 15_000 + 7_400)
    t.same(failed, [])
    await clock.advance(200)
    t.same(failed, ['no answer in time'])
    t.equal(asked.length, 5)
    t.equal(clock.pendingTimers, 0)
  },
)

t.test(
  'NodeManagers: who inquires of a silent node does not hold up its starts for long',
  async (t) => {
    const { clock, nodes, asked, known, start } = silentNodes()
    nodes.inquire(known('silent'), idOf(1))
    await clock.advance(10)
    start('silent', idOf(2))
    await clock.advance(2_000)
    t.ok(asked.includes('start silent:8041'))
  },
)

t.test(
  'SchedulerSession: an error of our own ends it, and is not taken for the silence of YARN',
  async (t) => {
    const clock = new DriverClock()
    const lost: Error[] = []
    let beats = 0
    const answer = { responseId: 1 } as AllocateResponse
    const session = new SchedulerSession({
      clock,
      log: noopLogger,
      isFirstAttempt: true,
      registration: async () => ({ host: 'a', rpcPort: 1, trackingUrl: '' }),
      protocol: {
        registerApplicationMaster: async () => ({}),
        allocate: async () => {
          beats++
          return answer
        },
      } as unknown as ApplicationMasterProtocol,
      handler: {
        hasNews: () => false,
        takeNews: () => ({ asks: [], releases: [], blacklistAdditions: [], blacklistRemovals: [] }),
        allForgotten: () => {},
        onRegistered: () => {},
        onAnswer: () => {
          throw new TypeError('a mistake')
        },
        onUnanswered: () => t.fail('YARN has answered'),
        onRefused: () => t.fail('YARN has refused nothing'),
        onLost: (error) => void lost.push(error),
        intervalMs: () => 1_000,
      },
    })
    await session.register()
    session.start()
    await clock.advance(60_000)
    t.match(lost, [{ message: 'a mistake' }])
    t.equal(beats, 1, 'and nothing is told any more')
    await session.stop()
    t.equal(clock.pendingTimers, 0)
  },
)
