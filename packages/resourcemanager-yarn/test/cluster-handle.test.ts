import t from 'tap'
import { HttpConnectionError } from '../dist/rest/http-transport.js'
import { FakeYarn, json, refusal } from './support/fake-yarn.js'
import { FaultyFiles } from './support/faulty-files.js'
import { namesIn, put, STAGING, yarnPlace } from './support/yarn-place.js'

const ID = 'application_1700000000000_0001'
const ON_NODES = { 'yarn.flink-ts.node-path': '/n', 'yarn.flink-ts.home-path': '/h' }
const GONE = { code: 'FLINK_YARN_APPLICATION_GONE' }

const place = (yarn = new FakeYarn(), signal?: AbortSignal) =>
  yarnPlace({ yarn, configuration: ON_NODES, ...(signal === undefined ? {} : { signal }) })

/** Lets an application be in each state for so many reports. */
function script(yarn: FakeYarn, states: readonly (readonly [string, number])[]): void {
  yarn.onSubmit = (application) => {
    const left = states.flatMap(([state, times]) => Array.from({ length: times }, () => state))
    yarn.intercept = ({ method, url }) => {
      if (method === 'GET' && url.includes(`/apps/${ID}?`)) {
        application.state = left.shift() ?? application.state
        if (application.state === 'RUNNING') application.amRpcAddress = 'node1:4711'
      }
      return undefined
    }
  }
}

t.test('whenRunning tells states and what it waits for, and where REST is', async (t) => {
  const { descriptor, yarn, lines } = await place()
  script(yarn, [
    ['SUBMITTED', 1],
    ['ACCEPTED', 60],
    ['RUNNING', 1],
  ])
  const handle = await descriptor.deploySessionCluster()
  t.same(await handle.whenRunning(), {
    state: 'RUNNING',
    diagnostics: '',
    restAddress: 'node1:4711',
    webInterfaceUrl: 'http://node1:4711',
  })
  t.same(
    lines.filter((line) => /: [A-Z]+$/.test(line)),
    [`Application ${ID}: SUBMITTED`, `Application ${ID}: ACCEPTED`, `Application ${ID}: RUNNING`],
  )
  t.ok(
    lines.some((line) =>
      /ACCEPTED for \d+ s, waits for resources in queue root\.default \(YARN has 16384 of 16384 MB free, the queue uses 0 MB, 1024 of 4096 MB that ApplicationMasters may have in it\)\.$/.test(
        line,
      ),
    ),
    lines.join('\n'),
  )
  t.match(await handle.report(), { state: 'RUNNING', restAddress: 'node1:4711' })
  await descriptor.close()
})

t.test('whenRunning of what fails says why on one screen, with the end of the log', async (t) => {
  const { descriptor, yarn, hdfs } = await place()
  yarn.onSubmit = (application) => {
    application.state = 'FAILED'
    application.finalStatus = 'FAILED'
    application.diagnostics = [
      'Application failed 1 times due to AM Container exited with  exitCode: 1',
      'Exception in thread "main" x',
      '\tat org.apache.Frame(Frame.java:1)',
      'For more detailed output, check the application page',
      ...Array.from({ length: 50 }, (_, i) => `line ${i} ${'x'.repeat(400)}`),
    ].join('\n')
  }
  yarn.logs = {
    'jobmanager.stderr': '',
    'jobmanager.log': 'first\nCould not start: no such queue\n',
  }
  const handle = await descriptor.deploySessionCluster()
  const error = (await handle.whenRunning().catch((e: Error) => e)) as Error & { code: string }
  t.equal(error.code, 'FLINK_YARN_DEPLOYMENT')
  t.match(
    error.message,
    /^The cluster application_\S+ did not start: it ended as FAILED\.\nApplication failed 1 times/,
  )
  t.match(
    error.message,
    /The end of its jobmanager\.log \(container_1 on node1\):\nfirst\nCould not start: no such queue$/,
  )
  t.notMatch(error.message, /Frame|For more detailed/)
  t.ok(error.message.split('\n').length <= 32)
  t.ok(error.message.split('\n').every((line) => line.length <= 301))
  t.same(await namesIn(hdfs, STAGING), [])
})

t.test('whenRunning counts work that is done already, but no other end', async (t) => {
  const done = await place()
  done.yarn.onSubmit = (application) =>
    Object.assign(application, { state: 'FINISHED', finalStatus: 'SUCCEEDED' })
  const handle = await done.descriptor.deploySessionCluster()
  t.match(await handle.whenRunning(), { state: 'ENDED', status: 'SUCCEEDED' })
  const ends: [string, string, string][] = [
    ['FINISHED', 'FAILED', 'FAILED'],
    ['FINISHED', 'KILLED', 'CANCELED'],
    ['FINISHED', 'UNDEFINED', 'UNKNOWN'],
    ['FAILED', 'FAILED', 'FAILED'],
    ['KILLED', 'UNDEFINED', 'CANCELED'],
  ]
  for (const [state, finalStatus, status] of ends) {
    const other = await place()
    other.yarn.onSubmit = (application) => Object.assign(application, { state, finalStatus })
    const ended = await other.descriptor.deploySessionCluster()
    t.match(await ended.whenEnded(), { state: 'ENDED', status }, `${state} ${finalStatus}`)
    await t.rejects(ended.whenRunning(), { code: 'FLINK_YARN_DEPLOYMENT' })
  }
})

t.test(
  'whenEnded outlasts a ResourceManager that restarts, and the patience of nobody',
  async (t) => {
    const { descriptor, yarn, clock, lines } = await place()
    const handle = await descriptor.deploySessionCluster()
    const backMs = clock.monotonicNow() + 100_000
    yarn.intercept = () => {
      if (clock.monotonicNow() < backMs) throw new HttpConnectionError('rm1', 'ECONNREFUSED')
      Object.assign(yarn.applications.get(ID)!, { state: 'FINISHED', finalStatus: 'SUCCEEDED' })
      return undefined
    }
    t.match(await handle.whenEnded(), { status: 'SUCCEEDED' })
    t.equal(lines.filter((line) => line.endsWith('still trying.')).length, 1)
    yarn.intercept = () => {
      throw new HttpConnectionError('rm1', 'ECONNREFUSED')
    }
    await t.rejects(handle.whenEnded(), { code: 'FLINK_YARN_UNREACHABLE' })
  },
)

t.test('a ResourceManager that recovers takes no cluster away from anybody', async (t) => {
  const { descriptor, yarn, hdfs, clock } = await place()
  const handle = await descriptor.deploySessionCluster()
  await descriptor.close()
  const all = new Map(yarn.applications)
  const recover = (ms: number) => {
    yarn.haState = 'INITIALIZING'
    yarn.applications.clear()
    clock.schedule(ms, () => {
      yarn.haState = 'ACTIVE'
      for (const [id, application] of all) yarn.applications.set(id, application)
    })
  }
  recover(60_000)
  clock.schedule(90_000, () => {
    Object.assign(all.get(ID)!, { state: 'RUNNING', amRpcAddress: 'node1:4711' })
  })
  t.match(await handle.whenRunning(), { state: 'RUNNING' })
  t.same(await namesIn(hdfs, STAGING), [ID])
  recover(10_000)
  await handle.kill()
  t.same(yarn.alive, [], 'it was ended, not only its files')
  t.same(await namesIn(hdfs, STAGING), [])
})

t.test('whenRunning outlasts errors of YARN, and does without figures', async (t) => {
  const { descriptor, yarn, clock, lines } = await place()
  const handle = await descriptor.deploySessionCluster()
  await descriptor.close()
  const startMs = clock.monotonicNow()
  yarn.intercept = ({ url }) => {
    const passedMs = clock.monotonicNow() - startMs
    if (/\/(?:metrics|scheduler)\?/.test(url)) return refusal(403, 'ForbiddenException', 'no')
    if (passedMs < 30_000) return undefined
    if (passedMs < 60_000) return refusal(500, 'NullPointerException', '')
    Object.assign(yarn.applications.get(ID)!, { state: 'RUNNING', amRpcAddress: 'node1:4711' })
    return undefined
  }
  t.match(await handle.whenRunning(), { state: 'RUNNING' })
  t.equal(lines.filter((line) => line.endsWith('still trying.')).length, 1)
  t.notOk(lines.some((line) => line.includes('waits for resources')))
})

t.test('files of an application that could not be ended stay', async (t) => {
  const controller = new AbortController()
  const { descriptor, yarn, hdfs, lines } = await place(new FakeYarn(), controller.signal)
  const handle = await descriptor.deploySessionCluster()
  await descriptor.close()
  yarn.intercept = ({ method }) =>
    method === 'PUT' ? refusal(500, 'IOException', 'no') : undefined
  const running = handle.whenRunning()
  controller.abort(new Error('SIGINT'))
  await t.rejects(running, { code: 'FLINK_YARN_INTERRUPTED' })
  t.ok(lines.some((line) => line.includes('could not be ended and may still run')))
  t.same(await namesIn(hdfs, STAGING), [ID], 'it needs them')
})

t.test('whenEnded of a person who gives up leaves the cluster alone', async (t) => {
  const controller = new AbortController()
  const { descriptor, yarn } = await place(new FakeYarn(), controller.signal)
  const handle = await descriptor.deploySessionCluster()
  await descriptor.close()
  const ended = handle.whenEnded()
  controller.abort(new Error('SIGINT'))
  await t.rejects(ended, { message: 'SIGINT' })
  t.same(yarn.alive, [ID])
})

t.test('kill ends the application, removes its files, and may be repeated', async (t) => {
  const { descriptor, yarn, hdfs } = await place()
  const handle = await descriptor.deploySessionCluster()
  await descriptor.close()
  t.same(await namesIn(hdfs, STAGING), [ID])
  await handle.kill()
  t.same(yarn.alive, [])
  t.same(await namesIn(hdfs, STAGING), [])
  await handle.kill()
  yarn.applications.clear()
  await handle.kill()
  await t.rejects(handle.report(), GONE)
})

t.test('kill that YARN does not carry out is an error', async (t) => {
  const { descriptor, yarn, hdfs } = await place()
  const handle = await descriptor.deploySessionCluster()
  await descriptor.close()
  yarn.intercept = ({ method }) => (method === 'PUT' ? json({ state: 'RUNNING' }, 202) : undefined)
  await t.rejects(handle.kill(), { message: /did not end it within 30 s/ })
  t.same(await namesIn(hdfs, STAGING), [ID], 'its files are needed')
})

t.test('retrieve finds clusters that run, and reads their secret', async (t) => {
  const { descriptor, yarn, lines } = await place()
  const deployed = await descriptor.deploySessionCluster()
  await descriptor.close()
  const found = await descriptor.retrieve(ID)
  t.ok(found.secret!.equals(deployed.secret!))
  t.equal(found.configuration.getString('yarn.application.id'), ID)
  t.equal(found.configuration.getString('security.rest.authentication.enabled'), 'true')
  yarn.applications.get(ID)!.state = 'KILLED'
  await t.rejects(descriptor.retrieve(ID), {
    ...GONE,
    message: `Cannot use the cluster ${ID}: it has ended (KILLED).`,
  })
  await t.rejects(descriptor.retrieve('application_1_0007'), { ...GONE, message: /does not know/ })
  await t.rejects(descriptor.retrieve('../etc'), { ...GONE, message: /no id of an application/ })
  yarn.add('application_1_0008', 'RUNNING')
  t.equal((await descriptor.retrieve('application_1_0008')).secret, undefined)
  t.same(lines, [])
})

t.test('a found cluster is not ended when its finder gives up', async (t) => {
  const controller = new AbortController()
  const { descriptor, yarn } = await place(new FakeYarn(), controller.signal)
  yarn.add(ID, 'ACCEPTED')
  const found = await descriptor.retrieve(ID)
  const running = found.whenRunning()
  controller.abort(new Error('SIGINT'))
  await t.rejects(running, { code: 'FLINK_YARN_INTERRUPTED' })
  t.same(yarn.alive, [ID])
})

t.test('a deployment sweeps folders of applications that are over', async (t) => {
  const { descriptor, yarn, hdfs, clock } = await place()
  const same = (number: number) => `application_1700000000000_${number}`
  const foreign = 'application_1600000000000_0001'
  for (const id of [same(101), same(102), same(103), same(104), foreign]) {
    await put(hdfs, `${STAGING}/${id}/config.yaml`, 'x')
  }
  await put(hdfs, `${STAGING}/notes/mine.txt`, 'x')
  yarn.add(same(101), 'KILLED')
  yarn.add(same(102), 'RUNNING')
  // 103 and 104 are unknown: one was staged long ago, one just now.
  await new Promise<void>((resolve) => clock.schedule(3_600_001, resolve))
  await put(hdfs, `${STAGING}/${same(104)}/new/config.yaml`, 'x')
  await hdfs.delete(`${STAGING}/${same(104)}`, { recursive: true })
  await put(hdfs, `${STAGING}/${same(104)}/config.yaml`, 'x')
  await descriptor.deploySessionCluster()
  await descriptor.close()
  t.same((await namesIn(hdfs, STAGING)).sort(), [ID, foreign, same(102), same(104), 'notes'].sort())
})

t.test('a secret in a folder that others may look into is not believed', async (t) => {
  const { descriptor, yarn, hdfs } = await place()
  yarn.add(ID, 'RUNNING')
  const folder = `${STAGING}/${ID}`
  await hdfs.mkdirs(folder, { permissions: 0o755 })
  await put(hdfs, `${folder}/cluster-secret`, 'a'.repeat(64))
  await t.rejects(descriptor.retrieve(ID), {
    code: 'FLINK_YARN_STAGING',
    message: /others may look into/,
  })
})

t.test('a folder of the user that somebody else may have made is not used', async (t) => {
  const { world, descriptor, hdfs, yarn } = await place()
  Object.assign(world.yarn, { stagingBase: 'hdfs:///shared/ann', isStagingConfigured: true })
  await hdfs.mkdirs('hdfs:///shared/ann', { permissions: 0o777 })
  await t.rejects(descriptor.deploySessionCluster(), {
    code: 'FLINK_YARN_STAGING',
    message: /others may write to hdfs:\/\/\/shared\/ann \(mode 777\)/,
  })
  t.same(yarn.alive, [])
})

t.test('a sweep gets past folders that stay, and those that cannot be removed', async (t) => {
  const name = (number: number) => `application_1700000000000_${number}`
  const { descriptor, yarn, hdfs } = await yarnPlace({
    configuration: ON_NODES,
    wrap: (inner) =>
      new FaultyFiles(inner, (operation) => {
        if (operation === `delete ${STAGING}/${name(1050)}`) throw new Error('not yours')
      }),
  })
  for (let i = 1001; i <= 1100; i++) {
    yarn.add(name(i), i === 1001 || i === 1050 ? 'KILLED' : 'RUNNING')
    await put(hdfs, `${STAGING}/${name(i)}/config.yaml`, 'x')
  }
  await descriptor.deploySessionCluster()
  await descriptor.close()
  const left = await namesIn(hdfs, STAGING)
  t.equal(left.length, 100, 'all but one, and the new one')
  t.notOk(left.includes(name(1001)))
})

t.test('describeResources has a line for everything', async (t) => {
  const { descriptor } = await place()
  t.same(await descriptor.describeResources(), [
    'NodeManagers: 2; memory: 16384 of 16384 MB free; vcores: 16 of 16 free',
    'Queues (capacityScheduler):',
    '  root.default: 0 MB and 0 vcores used, at most 100 % of the cluster',
  ])
})
