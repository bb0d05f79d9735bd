import { SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  createApplicationMasterClient,
  nodeManagerConnector,
  type RemoteException,
} from '@flink-ts/hadoop-rpc'
import protobuf from 'protobufjs'
import t from 'tap'
import { decode, encode, FakeHadoop, type ReceivedCall, TOKEN } from '../ipc/fake-hadoop.js'
import { failureOf } from '../recording/failure-of.js'

const NOTHING = {
  responseId: 0,
  asks: [],
  releases: [],
  blacklistAdditions: [],
  blacklistRemovals: [],
  progress: 0,
}
const CONTAINER_ID = {
  id: '8796093022210',
  appAttemptId: { attemptId: 1, applicationId: { id: 7, clusterTimestamp: '1700000000000' } },
}
const CONTAINER = 'container_e08_1700000000000_0007_01_000002'

function setUp(answer: (call: ReceivedCall) => Uint8Array) {
  const hadoop = new FakeHadoop({
    'a:1': { onCall: (call) => call.connection.answer(call.callId, answer(call)) },
  })
  const options = {
    clock: new ManualClock(),
    random: new SeededRandom(1),
    connectSocket: hadoop.connectSocket,
  }
  return { hadoop, options }
}

t.test('ApplicationMasterProtocol#allocate sends all that it is given', async (t) => {
  let sent: Record<string, unknown> = {}
  const { options } = setUp(({ argument }) => {
    sent = decode('AllocateRequest', argument)
    return encode('AllocateResponse', { responseId: 1 })
  })
  const rm = createApplicationMasterClient({ addresses: ['a:1'], token: TOKEN, ...options })
  const answer = await rm.allocate({
    responseId: 2147483647,
    asks: [
      {
        priority: 3,
        resourceName: '*',
        capability: { memoryMb: 1024, vcores: 2, others: { 'yarn.io/gpu': 1 } },
        numContainers: 4,
        relaxLocality: false,
        nodeLabelExpression: 'ssd',
        allocationRequestId: 0,
      },
    ],
    releases: [CONTAINER],
    blacklistAdditions: ['bad'],
    blacklistRemovals: ['good'],
    progress: 0.5,
  })
  t.same(sent, {
    responseId: 2147483647,
    ask: [
      {
        priority: { priority: 3 },
        resourceName: '*',
        capability: {
          memory: '1024',
          virtualCores: 2,
          resourceValueMap: [{ key: 'yarn.io/gpu', value: '1', units: '' }],
        },
        numContainers: 4,
        relaxLocality: false,
        nodeLabelExpression: 'ssd',
        allocationRequestId: '0',
      },
    ],
    release: [CONTAINER_ID],
    blacklistRequest: { additions: ['bad'], removals: ['good'] },
    progress: 0.5,
  })
  t.same(answer, {
    responseId: 1,
    allocatedContainers: [],
    completedContainers: [],
    containersFromPreviousAttempts: [],
    updatedNodes: [],
    nmTokens: [],
    numClusterNodes: 0,
  })
  await rm.close()
})

t.test('ApplicationMasterProtocol#allocate understands everything that can come', async (t) => {
  const { options } = setUp(() =>
    encode('AllocateResponse', {
      amCommand: 'AM_SHUTDOWN',
      responseId: 8,
      completedContainerStatuses: [
        { containerId: CONTAINER_ID, state: 'C_COMPLETE', exitStatus: -104 },
      ],
      limit: {
        memory: '9007199254740991',
        virtualCores: 1,
        resourceValueMap: [
          { key: 'memory-mb', value: '5', units: 'Mi' },
          { key: 'yarn.io/gpu', value: '2' },
          { key: 'ram-disk', value: '3', units: 'Gi' },
        ],
      },
      updatedNodes: [
        { nodeId: { host: 'n', port: 8041 }, nodeState: 'NS_LOST', healthReport: 'gone' },
      ],
      numClusterNodes: 2,
      preempt: {
        strictContract: { container: [{ id: CONTAINER_ID }] },
        contract: { container: [{ id: { ...CONTAINER_ID, id: '3' } }] },
      },
      nmTokens: [{ nodeId: { host: 'n', port: 8041 }, token: TOKEN }],
      amRmToken: TOKEN,
      containersFromPreviousAttempts: [{ id: CONTAINER_ID, nodeId: { host: 'n', port: 8041 } }],
    }),
  )
  const rm = createApplicationMasterClient({ addresses: ['a:1'], token: TOKEN, ...options })
  t.match(await rm.allocate(NOTHING), {
    amCommand: 'SHUTDOWN',
    completedContainers: [{ id: CONTAINER, state: 'COMPLETE', exitCode: -104, diagnostics: '' }],
    availableResources: {
      memoryMb: 9007199254740991,
      vcores: 1,
      others: { 'yarn.io/gpu': 2, 'ram-disk': 3 * 2 ** 30 },
    },
    updatedNodes: [{ nodeId: { host: 'n', port: 8041 }, state: 'LOST', healthReport: 'gone' }],
    preemption: { strict: [CONTAINER], negotiable: ['container_1700000000000_0007_01_000003'] },
    nmTokens: [{ nodeId: { host: 'n', port: 8041 }, token: TOKEN }],
    amRmToken: TOKEN,
    containersFromPreviousAttempts: [{ id: CONTAINER, allocationRequestId: -1, priority: 0 }],
  })
  await rm.close()
})

t.test('ApplicationMasterProtocol lives with fields and values of newer Hadoops', async (t) => {
  const newer = protobuf.parse(`syntax = "proto2";
    message NodeReport { optional int32 nodeState = 7; optional string x = 77; }
    message Status { optional int32 state = 2; }
    message Answer {
      optional int32 amCommand = 1; optional int32 responseId = 2; repeated Status statuses = 4;
      repeated NodeReport nodes = 6; optional bytes y = 99;
    }
    message Registered { repeated int32 types = 7; }`).root
  const make = (name: string, fields: Record<string, unknown>) => {
    const type = newer.lookupType(name)
    return type.encode(type.fromObject(fields)).finish()
  }
  const { options } = setUp(({ method }) =>
    method === 'allocate'
      ? make('Answer', {
          amCommand: 9,
          responseId: 4,
          statuses: [{ state: 9 }],
          nodes: [{ nodeState: 99, x: 'x' }],
          y: Uint8Array.of(1),
        })
      : make('Registered', { types: [0, 1, 5] }),
  )
  const rm = createApplicationMasterClient({ addresses: ['a:1'], token: TOKEN, ...options })
  const answer = await rm.allocate(NOTHING)
  t.equal(answer.amCommand, undefined)
  t.equal(answer.responseId, 4)
  t.match(answer.updatedNodes, [{ state: 'NEW' }])
  t.match(answer.completedContainers, [{ state: 'COMPLETE', exitCode: -1000 }])
  const registered = await rm.registerApplicationMaster({ host: 'h', rpcPort: 1, trackingUrl: '' })
  t.same(registered.schedulerResourceTypes, ['memory-mb', 'vcores'])
  await rm.close()
})

t.test('ApplicationMasterProtocol says that an answer is damaged', async (t) => {
  const { options } = setUp(() => Uint8Array.of(0x1a, 0x7f, 1))
  const rm = createApplicationMasterClient({ addresses: ['a:1'], token: TOKEN, ...options })
  t.match(await failureOf(rm.allocate(NOTHING)), {
    code: 'FLINK_HADOOP_PROTOCOL',
    message: /a:1: the answer to allocate is damaged/,
  })
  await rm.close()
})

t.test(
  'ApplicationMasterProtocol#registerApplicationMaster tells what is left of an earlier attempt',
  async (t) => {
    const { options } = setUp(() =>
      encode('RegisterApplicationMasterResponse', {
        queue: 'root.a',
        containersFromPreviousAttempts: [{ id: CONTAINER_ID, containerToken: TOKEN }],
        nmTokensFromPreviousAttempts: [{ nodeId: { host: 'n', port: 1 }, token: TOKEN }],
        schedulerResourceTypes: ['MEMORY'],
        resourceTypes: [{ name: 'memory-mb' }, { name: 'yarn.io/gpu' }],
      }),
    )
    const rm = createApplicationMasterClient({ addresses: ['a:1'], token: TOKEN, ...options })
    const answer = await rm.registerApplicationMaster({ host: 'h', rpcPort: 1, trackingUrl: '' })
    t.match(answer, {
      queue: 'root.a',
      containersFromPreviousAttempts: [{ id: CONTAINER, containerToken: TOKEN }],
      nmTokensFromPreviousAttempts: [{ nodeId: { host: 'n', port: 1 }, token: TOKEN }],
      schedulerResourceTypes: ['memory-mb'],
    })
    await rm.close()
  },
)

t.test(
  'ContainerManagementProtocol#startContainers sends files, environment, commands and tokens',
  async (t) => {
    let sent: Record<string, unknown> = {}
    const { options } = setUp(({ argument }) => {
      sent = decode('StartContainersRequest', argument)
      return encode('StartContainersResponse', {
        succeededRequests: [],
        failedRequests: [
          {
            containerId: CONTAINER_ID,
            exception: {
              className: 'org.apache.hadoop.yarn.exceptions.YarnException',
              message: 'no',
              trace: '\tat x',
              cause: { className: 'java.io.IOException', message: 'disk' },
            },
          },
        ],
      })
    })
    const nm = nodeManagerConnector(options)('a:1', TOKEN)
    const resource = {
      type: 'FILE',
      visibility: 'PRIVATE',
      size: 2 ** 40,
      timestamp: 1700000000123,
    } as const
    const { started, failed } = await nm.startContainers([
      {
        containerToken: TOKEN,
        launchContext: {
          localResources: {
            'flink-ts': {
              ...resource,
              url: 'hdfs://name:9820/a b/%41.tgz',
              type: 'ARCHIVE',
              visibility: 'PUBLIC',
            },
            conf: { ...resource, url: 'file:///tmp/conf' },
            other: { ...resource, url: 'webhdfs://me@[::1]:9870/x', visibility: 'APPLICATION' },
            service: { ...resource, url: 'hdfs://nameservice/x' },
          },
          environment: { A: '1', B: '' },
          commands: ['node x'],
          tokens: Uint8Array.of(7),
        },
      },
    ])
    t.same(started, [])
    const error = failed.get(CONTAINER) as RemoteException
    t.match(error, { simpleClassName: 'YarnException', remoteMessage: 'no', remoteStack: '\tat x' })
    t.match(error.cause, { className: 'java.io.IOException', remoteMessage: 'disk' })
    const file = {
      type: 'FILE',
      visibility: 'PRIVATE',
      size: String(2 ** 40),
      timestamp: '1700000000123',
    }
    t.match(sent, {
      startContainerRequest: [
        {
          containerToken: { kind: TOKEN.kind },
          containerLaunchContext: {
            localResources: [
              {
                key: 'flink-ts',
                value: {
                  ...file,
                  type: 'ARCHIVE',
                  visibility: 'PUBLIC',
                  resource: { scheme: 'hdfs', host: 'name', port: 9820, file: '/a b/%41.tgz' },
                },
              },
              { key: 'conf', value: { ...file, resource: { scheme: 'file', file: '/tmp/conf' } } },
              {
                key: 'other',
                value: {
                  resource: { scheme: 'webhdfs', userInfo: 'me', host: '[::1]', port: 9870 },
                },
              },
              {
                key: 'service',
                value: { resource: { scheme: 'hdfs', host: 'nameservice', file: '/x' } },
              },
            ],
            environment: [
              { key: 'A', value: '1' },
              { key: 'B', value: '' },
            ],
            command: ['node x'],
            tokens: Buffer.of(7),
          },
        },
      ],
    })
    await nm.close()
  },
)

t.test('ContainerManagementProtocol refuses what it cannot send', async (t) => {
  const { options, hadoop } = setUp(() => new Uint8Array(0))
  const nm = nodeManagerConnector(options)('a:1', TOKEN)
  const resource = { type: 'FILE', visibility: 'PRIVATE', size: 1, timestamp: 1 } as const
  const localResources = { x: { ...resource, url: 'relative/path' } }
  const launchContext = { localResources, environment: {}, commands: [] }
  t.match(await failureOf(nm.startContainers([{ containerToken: TOKEN, launchContext }])), {
    code: 'FLINK_YARN_LOCAL_RESOURCE',
    url: 'relative/path',
  })
  t.match(await failureOf(nm.stopContainers(['container_1'])), { code: 'FLINK_YARN_INVALID_ID' })
  t.equal(hadoop.connections.length, 0)
  await nm.close()
})

t.test(
  'ContainerManagementProtocol#stopContainers counts containers that are gone as stopped',
  async (t) => {
    const failed = (number: string, message: string) => ({
      containerId: { ...CONTAINER_ID, id: number },
      exception: { className: 'org.apache.hadoop.yarn.exceptions.YarnException', message },
    })
    const { options } = setUp(() =>
      encode('StopContainersResponse', {
        failedRequests: [
          failed('1', 'Container container_x is not handled by this NodeManager'),
          failed('2', 'Not yours'),
        ],
      }),
    )
    const nm = nodeManagerConnector(options)('a:1', TOKEN)
    const answer = await nm.stopContainers([CONTAINER])
    t.same([...answer.failed.keys()], ['container_1700000000000_0007_01_000002'])
    await nm.close()
  },
)
