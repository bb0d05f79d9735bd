import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  formatCredentials,
  type IpcSocketConnector,
  isApplicationMasterNotRegistered,
  isInvalidApplicationMasterRequest,
  isInvalidResourceRequest,
  isInvalidToken,
  parseCredentials,
  remoteExceptionOf,
  tokenOfKind,
} from '@flink-ts/hadoop-rpc'
import fc from 'fast-check'
import t from 'tap'
import { type RecordedConnection, replayingConnector } from './recording/recorded-world.js'
import { type ResourceManagerAddresses, runRefusals } from './recording/refusals.js'
import { runScenario } from './recording/scenario.js'

interface Fixture {
  readonly addresses: ResourceManagerAddresses
  readonly tokens: string
  readonly connections: readonly RecordedConnection[]
}

const read = (name: string): Fixture =>
  JSON.parse(readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), 'utf8'))

const MASTER = read('application-master')
const REFUSALS = read('refusals')
const tokenOf = ({ tokens }: Fixture) =>
  tokenOfKind(parseCredentials(Buffer.from(tokens, 'hex')), 'YARN_AM_RM_TOKEN')!

function replay(connectSocket: IpcSocketConnector) {
  return runScenario({
    schedulerAddress: MASTER.addresses.schedulerAddress,
    token: tokenOf(MASTER),
    clock: new ManualClock(),
    random: new SeededRandom(1),
    connectSocket,
    pause: async () => {},
    restartResourceManager: async () => {},
  })
}

t.test(
  'Each message of an ApplicationMaster has the bytes that a real YARN took, and its answers are understood',
  async (t) => {
    const { connectSocket, remaining } = replayingConnector(MASTER.connections)
    const result = await replay(connectSocket)
    t.equal(remaining(), 0)
    t.ok(isApplicationMasterNotRegistered(result.unregistered))
    t.ok(isInvalidApplicationMasterRequest(result.registeredTwice))
    t.ok(isInvalidResourceRequest(result.tooLarge))
    t.ok(isApplicationMasterNotRegistered(result.afterRestart))
    t.same(result.registered, {
      maximumCapability: { memoryMb: 4096, vcores: 8, others: {} },
      queue: 'root.default',
      containersFromPreviousAttempts: [],
      nmTokensFromPreviousAttempts: [],
      schedulerResourceTypes: ['memory-mb', 'vcores'],
    })
    const [first, second, third] = result.allocated
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    t.match(first, {
      id: /^container_\d+_0001_01_000002$|^container_e\d\d_\d+_\d{4}_01_000002$/,
      nodeId: { host: 'localhost', port: Number },
      resource: { memoryMb: 256, vcores: 1, others: {} },
      priority: 1,
      allocationRequestId: 0,
      containerToken: { kind: 'ContainerToken' },
    })
    t.match(third.id, /^container_e\d\d_/, 'the epoch of a restarted ResourceManager')
    t.same(result.started, { started: [first.id, second.id], failed: new Map() })
    const refused = remoteExceptionOf(result.startedTwice.failed.get(second.id))
    t.match(
      refused?.message,
      /^startContainers failed: YarnException: Unauthorized request.* relaunch the same container/,
    )
    t.match(refused?.remoteStack, /ContainerManagerImpl/)
    t.match(result.statuses.statuses, [
      { id: first.id, state: 'COMPLETE', exitCode: 7, diagnostics: /exit code 7/ },
      { id: second.id, state: 'RUNNING', exitCode: -1000 },
    ])
    t.equal(result.statuses.failed.size, 1)
    t.equal(result.stopped.failed.size, 0)
    t.match(result.completed.slice(0, 2), [
      { id: first.id, state: 'COMPLETE', exitCode: 7 },
      { id: second.id, state: 'COMPLETE', exitCode: -105 },
    ])
    t.ok(result.answers.some(({ updatedNodes }) => updatedNodes[0]?.state === 'RUNNING'))
    t.same(result.unregistrations, [false, true])
  },
)

t.test('Refusals of a real ResourceManager are understood', async (t) => {
  const { connectSocket, remaining } = replayingConnector(REFUSALS.connections)
  const options = { clock: new ManualClock(), random: new SeededRandom(1), connectSocket }
  const result = await runRefusals(REFUSALS.addresses, tokenOf(REFUSALS), options)
  t.equal(remaining(), 0)
  t.match(result.wrongPassword, {
    code: 'FLINK_HADOOP_AUTHENTICATION',
    message: /Mismatched response/,
  })
  t.ok(isInvalidToken(result.unknownToken))
  t.match(result.noToken, {
    code: 'FLINK_HADOOP_AUTHENTICATION',
    message: /SIMPLE authentication is not enabled/,
  })
  t.match(result.webPort, { code: 'FLINK_HADOOP_PROTOCOL', message: /this is a web port/ })
  t.equal(remoteExceptionOf(result.unknownMethod)?.simpleClassName, 'RpcNoSuchMethodException')
  t.equal(remoteExceptionOf(result.wrongProtocol)?.simpleClassName, 'RpcNoSuchProtocolException')
  t.ok(result.newApplication.length > 0)
})

t.test('Answers are understood in whatever pieces they come', async (t) => {
  const whole = await replay(replayingConnector(MASTER.connections).connectSocket)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (size) => {
      const { connectSocket } = replayingConnector(MASTER.connections)
      const inPieces: IpcSocketConnector = (host, port, handlers) =>
        connectSocket(host, port, {
          ...handlers,
          data: (bytes) => {
            for (let at = 0; at < bytes.length; at += size) {
              handlers.data(bytes.subarray(at, at + size))
            }
          },
        })
      t.same((await replay(inPieces)).answers, whole.answers)
    }),
    { numRuns: 10, examples: [[1], [3], [4], [5]] },
  )
})

t.test(
  'parseCredentials reads what a NodeManager wrote, and formatCredentials writes the same',
  async (t) => {
    const bytes = Buffer.from(MASTER.tokens, 'hex')
    const credentials = parseCredentials(bytes)
    t.match(credentials.tokens.get(''), { kind: 'YARN_AM_RM_TOKEN', service: '' })
    t.equal(credentials.secrets.size, 0)
    t.same(Buffer.from(formatCredentials(credentials)), bytes)
  },
)
