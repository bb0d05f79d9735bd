import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { noopLogger } from '@flink-ts/core'
import t, { type Test } from 'tap'
import {
  axiosTransport,
  HttpConnectionError,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
} from '../dist/rest/http-transport.js'
import { containerLogTail } from '../dist/rest/node-manager-logs.js'
import { ResourceManagerClient } from '../dist/rest/resource-manager-client.js'
import { submissionJson } from '../dist/rest/submission-json.js'
import { json, refusal } from './support/fake-yarn.js'
import { hurryingClock } from './support/hurrying-clock.js'

type Answers = Record<string, (request: HttpRequest) => HttpResponse>

const METRICS = {
  activeNodes: 1,
  totalMB: 10,
  availableMB: 5,
  totalVirtualCores: 4,
  availableVirtualCores: 3,
}
const serves = () => json({ clusterMetrics: METRICS })
const refused = (): never => {
  throw new HttpConnectionError('rm', 'ECONNREFUSED')
}

/** A client of ResourceManagers `rm1:8088` and so on, each with its way to answer; `asked` has whom it asked. */
function clientOf(answers: Answers, options: { signal?: AbortSignal; names?: string[] } = {}) {
  const asked: string[] = []
  const clock = hurryingClock()
  const transport: HttpTransport = async (request) => {
    const { host } = new URL(request.url)
    asked.push(host.replace(/:8088$/, ''))
    return (answers[host.replace(/:8088$/, '')] ?? refused)(request)
  }
  const names = options.names ?? Object.keys(answers)
  const client = new ResourceManagerClient(
    {
      addresses: names.map((name) => ({ address: `${name}:8088`, isSecure: false })),
      userName: 'ann & co',
      transport,
      clock,
      log: noopLogger,
    },
    options.signal,
  )
  return { client, asked, clock }
}

t.test('ResourceManagerClient passes over those that do not serve, and remembers', async (t) => {
  const standby = () => ({
    status: 307,
    headers: { location: 'http://rm3:8088/ws/v1/cluster/metrics' },
    body: 'This is standby RM. The redirect url is: http://rm3:8088/ws/v1/cluster/metrics',
  })
  const { client, asked } = clientOf({ rm1: refused, rm2: standby, rm3: serves })
  t.match(await client.metrics(), { totalMb: 10, availableMb: 5 })
  t.same(asked, ['rm1', 'rm2', 'rm3'])
  await client.metrics()
  t.same(asked.slice(3), ['rm3'])
})

t.test('ResourceManagerClient understands every way to say standby', async (t) => {
  const ways: Record<string, HttpResponse> = {
    refresh: { status: 200, headers: { refresh: '3; url=http://rm2:8088/ws' }, body: '' },
    text: { status: 200, headers: {}, body: 'This is standby RM.' },
    'no active one': { status: 200, headers: {}, body: 'There is no active RM right now' },
    exception: refusal(403, 'StandbyException', 'not active'),
    unavailable: { status: 503, headers: {}, body: 'starting' },
  }
  for (const [way, answer] of Object.entries(ways)) {
    const { client } = clientOf({ rm1: () => answer, rm2: serves })
    t.match(await client.metrics(), { totalMb: 10 }, way)
  }
})

t.test('ResourceManagerClient waits for one that comes back, and not for ever', async (t) => {
  let calls = 0
  const comesBack = clientOf({ rm1: () => (++calls < 4 ? refused() : serves()) })
  t.match(await comesBack.client.metrics(), { totalMb: 10 })

  const away = clientOf({ rm1: refused, rm2: () => ({ status: 503, headers: {}, body: '' }) })
  const startMs = away.clock.monotonicNow()
  await t.rejects(away.client.metrics(), {
    code: 'FLINK_YARN_UNREACHABLE',
    retriable: true,
    message:
      /^Could not ask YARN for its resources: no ResourceManager of YARN answers \(rm1:8088: ECONNREFUSED; rm2:8088: status 503\)/,
  })
  t.ok(away.clock.monotonicNow() - startMs <= 20_000)
})

t.test('ResourceManagerClient does not follow standbys in circles', async (t) => {
  const to = (name: string) => () => ({
    status: 307,
    headers: { location: `http://${name}:8088/` },
    body: '',
  })
  const { client } = clientOf({ rm1: to('rm2'), rm2: to('rm1') })
  await t.rejects(client.metrics(), { code: 'FLINK_YARN_UNREACHABLE' })
})

t.test('ResourceManagerClient names what was refused', async (t) => {
  const body = `java.lang.Exception: no room\n\tat org.apache.Frame`
  const { client } = clientOf({ rm1: () => refusal(400, 'BadRequestException', body) })
  await t.rejects(client.newApplication(), {
    code: 'FLINK_YARN_REFUSED',
    message: 'YARN refused to get an application id from YARN: BadRequestException: no room',
  })
  const kerberos = clientOf({ rm1: () => ({ status: 401, headers: {}, body: '' }) })
  await t.rejects(kerberos.client.metrics(), {
    code: 'FLINK_KERBEROS_UNSUPPORTED',
    message: /^The ResourceManager rm1:8088 wants Kerberos, which is not supported yet, because/,
  })
})

t.test(
  'ResourceManagerClient believes of an active one only that there is no application',
  async (t) => {
    const app = { id: 'application_1_1', state: 'RUNNING' }
    const unknown = () => refusal(404, 'NotFoundException', 'no app')
    /** `haStates` and `apps` are its answers one after the other; the last is kept. */
    const rmOf = (haStates: string[], apps: (() => HttpResponse)[]) => {
      const next = <T>(list: T[]) => (list.length > 1 ? list.shift()! : list[0]!)
      return clientOf({
        rm1: ({ url }) =>
          url.includes('/cluster/info?')
            ? json({ clusterInfo: { state: 'STARTED', haState: next(haStates) } })
            : next(apps)(),
      })
    }
    const gone = rmOf(['ACTIVE'], [unknown])
    t.equal(await gone.client.application('application_1_1'), undefined)
    t.equal(gone.asked.length, 3)
    const recovers = rmOf(
      ['INITIALIZING', 'STANDBY', 'ACTIVE'],
      [unknown, unknown, unknown, () => json({ app })],
    )
    t.match(await recovers.client.application('application_1_1'), { state: 'RUNNING' })
    const stays = rmOf(['INITIALIZING'], [unknown])
    await t.rejects(stays.client.application('application_1_1'), {
      code: 'FLINK_YARN_UNREACHABLE',
      message: /rm1:8088: it is not active yet \(INITIALIZING\)/,
    })
  },
)

t.test('ResourceManagerClient takes no answer that makes no sense', async (t) => {
  const app = { id: 'application_1_1', state: 'RUNNING' }
  const hostile: unknown[] = [
    null,
    [],
    {},
    { app: null },
    { app: { ...app, state: 'FLYING' } },
    { app: { ...app, state: 5 } },
    { app: { state: 'RUNNING' } },
    { app: { ...app, finalStatus: 'GREAT' } },
  ]
  for (const body of hostile) {
    const { client } = clientOf({ rm1: () => json(body) })
    await t.rejects(client.application('application_1_1'), { code: 'FLINK_YARN_ANSWER' })
  }
  for (const body of ['<html>', '', '{"a":', '\u0000']) {
    const { client } = clientOf({ rm1: () => ({ status: 200, headers: {}, body }) })
    await t.rejects(client.newApplication(), {
      code: 'FLINK_YARN_ANSWER',
      message: /is that the web address of a ResourceManager\?$/,
    })
  }
  const capability = { memory: 1, vCores: 1 }
  for (const id of ['../../x', 'application_1', 7]) {
    const answer = { 'application-id': id, 'maximum-resource-capability': capability }
    const { client } = clientOf({ rm1: () => json(answer) })
    await t.rejects(client.newApplication(), { code: 'FLINK_YARN_ANSWER' })
  }
})

t.test('ResourceManagerClient asks as its user, and ends with its signal', async (t) => {
  let url = ''
  const controller = new AbortController()
  const { client } = clientOf(
    {
      rm1: (request) => {
        url = request.url
        controller.abort(new Error('enough'))
        return refused()
      },
    },
    { signal: controller.signal },
  )
  await t.rejects(client.kill('application_1_1'), { message: 'enough' })
  t.equal(url, 'http://rm1:8088/ws/v1/cluster/apps/application_1_1/state?user.name=ann%20%26%20co')
})

t.test('ResourceManagerClient reads queues of each scheduler', async (t) => {
  const answering = async (schedulerInfo: unknown) =>
    clientOf({ rm1: () => json({ scheduler: { schedulerInfo } }) }).client.scheduler()
  t.same(await answering({ type: 'fifoScheduler', capacity: 1 }), {
    type: 'fifoScheduler',
    queues: [],
    makesQueues: false,
  })
  const leaf = {
    queueName: 'b',
    queuePath: 'root.a.b',
    state: 'STOPPED',
    absoluteMaxCapacity: 25,
    resourcesUsed: { memory: 7, vCores: 2 },
  }
  const parent = { queueName: 'a', queues: { queue: leaf }, autoCreationEligibility: 'flexible' }
  t.match(await answering({ type: 'capacityScheduler', queues: { queue: [parent] } }), {
    queues: [{ name: 'b', path: 'root.a.b', isRunning: false, maxShare: 0.25, usedMb: 7 }],
    makesQueues: true,
  })
  const fair = {
    queueName: 'root.x',
    maxResources: { memory: 100, vCores: 3 },
    usedResources: { memory: 9, vCores: 1 },
  }
  const root = { queueName: 'root', childQueues: { queue: [fair] } }
  t.match(await answering({ type: 'fairScheduler', rootQueue: root }), {
    queues: [{ name: 'x', path: 'root.x', isRunning: true, maxMb: 100, maxVcores: 3, usedMb: 9 }],
  })
})

t.test('submissionJson has every field as YARN wants it', async (t) => {
  const body = submissionJson({
    applicationId: 'application_1_1',
    name: 'n',
    type: 'Apache Flink',
    tags: ['a', 'b'],
    queue: 'q',
    priority: 3,
    maxAttempts: 2,
    keepContainers: true,
    attemptFailuresValidityIntervalMs: 10_000,
    nodeLabelExpression: 'fast',
    resource: { memoryMb: 1600, vcores: 2 },
    launchContext: {
      localResources: {
        node: { url: 'hdfs://h/n', type: 'FILE', visibility: 'PRIVATE', size: 5, timestamp: 6 },
      },
      environment: { A: 'b' },
      commands: ['run'],
    },
    acls: { view: 'ann', modify: undefined },
    rolledLogs: { include: 'x.*', exclude: undefined },
  })
  t.same(JSON.parse(JSON.stringify(body)), {
    'application-id': 'application_1_1',
    'application-name': 'n',
    'application-type': 'Apache Flink',
    'application-tags': { tag: ['a', 'b'] },
    queue: 'q',
    priority: 3,
    'max-app-attempts': 2,
    'unmanaged-AM': false,
    resource: { memory: 1600, vCores: 2 },
    'keep-containers-across-application-attempts': true,
    'attempt-failures-validity-interval': 10_000,
    'app-node-label-expression': 'fast',
    'log-aggregation-context': { 'rolled-log-include-pattern': 'x.*' },
    'am-container-spec': {
      'local-resources': {
        entry: [
          {
            key: 'node',
            value: {
              resource: 'hdfs://h/n',
              type: 'FILE',
              visibility: 'PRIVATE',
              size: 5,
              timestamp: 6,
            },
          },
        ],
      },
      environment: { entry: [{ key: 'A', value: 'b' }] },
      commands: { command: 'run' },
      'application-acls': { entry: [{ key: 'VIEW_APP', value: 'ann' }] },
    },
  })
})

t.test('submissionJson escapes what a path has in a URI, once, and nothing else', async (t) => {
  const resourceOf = (url: string): string => {
    const launchContext = {
      localResources: {
        x: { url, type: 'FILE', visibility: 'PRIVATE', size: 5, timestamp: 6 },
      },
      environment: {},
      commands: ['run'],
    } as const
    const body = submissionJson({
      applicationId: 'application_1_1',
      name: 'n',
      type: 't',
      tags: [],
      queue: undefined,
      priority: undefined,
      maxAttempts: 1,
      keepContainers: false,
      attemptFailuresValidityIntervalMs: -1,
      nodeLabelExpression: undefined,
      resource: { memoryMb: 1, vcores: 1 },
      launchContext,
      acls: {},
      rolledLogs: {},
    }) as {
      'am-container-spec': { 'local-resources': { entry: { value: { resource: string } }[] } }
    }
    return body['am-container-spec']['local-resources'].entry[0]!.value.resource
  }
  for (const name of ['a b', 'a[1]', '50%', '%41', 'a#b', 'a?b', 'äö', 'a+b', 'a&b;c', 'a:b']) {
    const resource = resourceOf(`hdfs://nn:8020/f/${name}/${name}.txt`)
    t.match(resource, /^hdfs:\/\/nn:8020\/f\/[A-Za-z0-9%.+&;:_~!*'()=$,@-]+\/[^/#?[\] ]+$/)
    t.equal(decodeURIComponent(new URL(resource).pathname), `/f/${name}/${name}.txt`)
  }
  t.equal(resourceOf('file:///mnt/a%20b/c d.txt'), 'file:///mnt/a%20b/c%20d.txt')
  for (const url of ['hdfs:///user/ann/x.tgz', 'file:///mnt/a_b-c.txt', 'hdfs://nameservice/x']) {
    t.equal(resourceOf(url), url)
  }
})

t.test('containerLogTail has the last lines, or nothing', async (t) => {
  const tail = (answer: HttpResponse | Error) =>
    containerLogTail(
      {
        nodeHttpAddress: 'node1:8042',
        isSecure: false,
        containerId: 'container_1',
        userName: 'ann',
        transport: async () => {
          if (answer instanceof Error) throw answer
          return answer
        },
      },
      'jobmanager.log',
      2,
    )
  const page = (text: string) => ({
    status: 200,
    headers: {},
    body: `LogType:x\nLogContents:\n${text}End of LogType:x.\n*****\n`,
  })
  t.equal(await tail(page('one\ntwo\nthree\n')), 'two\nthree')
  t.equal(
    await tail(page('End of LogType: said the program\nlast\n')),
    'End of LogType: said the program\nlast',
  )
  t.equal(await tail(page('')), undefined)
  t.equal(await tail({ status: 404, headers: {}, body: 'Unknown container' }), undefined)
  t.equal(await tail({ status: 200, headers: {}, body: 'a page of somebody else' }), undefined)
  t.equal(await tail(new HttpConnectionError('node1', 'ECONNREFUSED')), undefined)
})

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('axiosTransport sends, does not follow, and says why there is no answer', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/moved') {
      response.writeHead(307, { Location: 'http://other:1/' }).end('moved')
    } else if (request.url === '/silent?user.name=ann') {
      // No answer.
    } else if (request.url === '/broken') {
      request.socket.destroy()
    } else {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () =>
        response.end(
          `${request.method} ${Buffer.concat(parts)} ${request.headers['content-type']}`,
        ),
      )
    }
  })
  const send = (path: string, more: Partial<HttpRequest> = {}) =>
    axiosTransport({ method: 'GET', url: `${url}${path}`, timeoutMs: 5_000, ...more })
  t.match(await send('/x', { method: 'PUT', body: { state: 'KILLED' } }), {
    status: 200,
    body: 'PUT {"state":"KILLED"} application/json',
  })
  t.match(await send('/moved'), { status: 307, headers: { location: 'http://other:1/' } })
  await t.rejects(send('/broken'), HttpConnectionError)
  await t.rejects(send('/silent?user.name=ann', { timeoutMs: 20 }), {
    code: 'FLINK_YARN_UNREACHABLE',
    message: /^No answer from 127\.0\.0\.1:\d+: ECONNABORTED timeout/,
  })
  const controller = new AbortController()
  const waiting = send('/silent?user.name=ann', { signal: controller.signal })
  controller.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
})
