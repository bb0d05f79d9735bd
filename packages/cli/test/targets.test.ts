import { restToken } from '@flink-ts/core/security'
import t from 'tap'
import { cancelAction } from '../dist/actions/cancel.js'
import { listAction } from '../dist/actions/list.js'
import { runAction } from '../dist/actions/run.js'
import { savepointAction, stopAction } from '../dist/actions/savepoint-actions.js'
import { parseTarget } from '../dist/targets/target.js'
import { act } from './support/act.js'
import { APPLICATION_ID, FakeClusterManager } from './support/fake-cluster-manager.js'
import { JOB_ID, PROGRAM, startJobManager, withoutIds } from './support/fake-job-manager.js'
import { startFakeRestServer } from './support/fake-rest-server.js'
import { folderWith } from './support/run-command.js'
import { TestingTerminal } from './support/testing-terminal.js'

const ON_SESSION = ['-t', 'yarn-session', `-Dyarn.application.id=${APPLICATION_ID}`]
t.test('parseTarget knows a cluster manager by its name, and what it is to do', async (t) => {
  t.match(parseTarget('remote'), { kind: 'remote' })
  t.match(parseTarget('mesos-per-job'), { platform: 'mesos', mode: 'per-job' })
  t.match(parseTarget('yarn-application'), { platform: 'yarn', mode: 'application' })
  for (const name of [
    '',
    'yarn',
    'yarn-',
    '-session',
    'yarn-jobs',
    'Yarn-session',
    '../x-session',
  ]) {
    t.throws(() => parseTarget(name), { code: 'FLINK_CLI_ARGUMENT' }, name)
  }
})

t.test('a target for which nothing is installed: what there is', async (t) => {
  const { importModule, imported } = new FakeClusterManager()
  await t.rejects(
    act(listAction, ['-t', 'moon-session', '-Dmoon.application.id=x'], { importModule }),
    {
      code: 'FLINK_UNKNOWN_TARGET',
      message:
        /^Cannot use the target "moon-session": @flink-ts\/resourcemanager-moon\/deployment is not installed; there are remote, local.*yarn-per-job/,
    },
  )
  t.strictSame(imported, ['@flink-ts/resourcemanager-moon/deployment'])
  // Without anything injected it is Node that finds nothing.
  await t.rejects(act(listAction, ['-t', 'moon-session', '-Dmoon.application.id=x']), {
    code: 'FLINK_UNKNOWN_TARGET',
  })
  await t.rejects(act(listAction, ['-t', 'standalone-session', '-Dstandalone.cluster-id=x']), {
    code: 'FLINK_UNKNOWN_TARGET',
  })
})

t.test('an error of what is installed is told as it is', async (t) => {
  const importModule = async () => {
    throw Object.assign(new Error("Cannot find package 'tar'"), { code: 'ERR_MODULE_NOT_FOUND' })
  }
  await t.rejects(act(listAction, ON_SESSION, { importModule }), { message: /'tar'/ })
})

t.test('a target without a cluster: how to name one', async (t) => {
  const { importModule } = new FakeClusterManager()
  await t.rejects(act(listAction, ['-t', 'yarn-per-job'], { importModule }), {
    code: 'FLINK_CLI_ARGUMENT',
    message:
      'Which cluster of the target "yarn-per-job"? Name it: -t yarn-per-job -Dyarn.application.id=<id>',
  })
  await t.rejects(act(listAction, ['-t', 'kubernetes-session'], { importModule }), {
    message: /-t kubernetes-session -Dkubernetes\.cluster-id=<id>/,
  })
  await t.rejects(act(listAction, [...ON_SESSION, '-m', 'localhost:1'], { importModule }), {
    message: /^-m localhost:1 cannot be used with the target "yarn-session"/,
  })
})

t.test('flink list on a session: found by its id, asked with its secret, let go', async (t) => {
  const { address, requests } = await startFakeRestServer(t, ({ url }) =>
    url === '/jobs/overview' ? { body: { jobs: [] } } : undefined,
  )
  const manager = new FakeClusterManager(address)
  const { importModule, secret } = manager
  for (const words of [
    ON_SESSION,
    ['-e', 'yarn-session', `-Dyarn.application.id=${APPLICATION_ID}`],
    ['-yid', APPLICATION_ID],
    ['-t', 'yarn-application', `-Dyarn.application.id=${APPLICATION_ID}`],
  ]) {
    const { out } = await act(listAction, words, { importModule })
    t.match(out, ['Waiting for response...', 'No running jobs.'])
    t.strictSame(manager.calls.splice(0), [`retrieve ${APPLICATION_ID}`, 'close'])
  }
  t.strictSame(
    [...new Set(requests.map(({ headers }) => headers.authorization))],
    [`Bearer ${restToken(secret)}`],
  )
  t.match(manager.contexts[0], { flinkHome: String, configurationFolder: String })
})

t.test('an address on the command line is meant, whatever is configured', async (t) => {
  const { address } = await startFakeRestServer(t, () => ({ body: { jobs: [] } }))
  const { importModule, imported } = new FakeClusterManager()
  const configuration = { 'execution.target': 'yarn-session' }
  const { code } = await act(listAction, ['-m', address], { importModule, configuration })
  t.equal(code, 0)
  t.strictSame(imported, [])
})

t.test('a cluster that has ended: what its cluster manager says, at once', async (t) => {
  const manager = new FakeClusterManager()
  manager.end({ status: 'FAILED', diagnostics: 'AM Container exited with -104\n' })
  const { importModule } = manager
  await t.rejects(act(listAction, ON_SESSION, { importModule }), {
    code: 'FLINK_CLUSTER_ENDED',
    message: `The cluster ${APPLICATION_ID} has ended (FAILED): AM Container exited with -104`,
  })
  t.equal(manager.calls.at(-1), 'close')
})

t.test('a JobManager that starts elsewhere is found by the report', async (t) => {
  const { address } = await startFakeRestServer(t, () => ({ body: { jobs: [] } }))
  const manager = new FakeClusterManager()
  const { importModule } = manager
  const terminal = new TestingTerminal()
  const listed = act(listAction, ON_SESSION, { importModule, terminal })
  while (!terminal.errLines.some((line) => line.startsWith('Waiting for a JobManager'))) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  manager.report = { ...manager.report, restAddress: address }
  t.match(await listed, { code: 0 })
  t.equal(terminal.errLines.at(-1), 'A JobManager leads.')
})

t.test('flink cancel, stop and savepoint go to the cluster of the target', async (t) => {
  const { address, requests } = await startFakeRestServer(t, ({ method, url }) => {
    if (method !== 'GET') return { status: 202, body: { 'request-id': 'b'.repeat(32) } }
    if (url.endsWith('/status')) return { body: { status: 'CANCELED' } }
    return { body: { status: { id: 'COMPLETED' }, operation: { location: '/savepoint' } } }
  })
  const manager = new FakeClusterManager(address)
  const { importModule } = manager
  for (const action of [cancelAction, stopAction, savepointAction]) {
    t.equal((await act(action, [...ON_SESSION, JOB_ID], { importModule })).code, 0, action.name)
  }
  t.strictSame(
    requests.filter(({ method }) => method !== 'GET').map(({ url }) => url),
    [`/jobs/${JOB_ID}?mode=cancel`, `/jobs/${JOB_ID}/stop`, `/jobs/${JOB_ID}/savepoints`],
  )
})

t.test('flink cancel of a cluster that ends with its job: that is no failure', async (t) => {
  const manager = new FakeClusterManager()
  const { address } = await startFakeRestServer(t, ({ method }) => {
    if (method !== 'PATCH') return { status: 503, body: { errors: ['ending'] } }
    manager.end({ status: 'CANCELED', diagnostics: '' })
    return { status: 202, body: {} }
  })
  manager.report = { ...manager.report, restAddress: address }
  const { importModule } = manager
  const { code, out } = await act(cancelAction, [...ON_SESSION, JOB_ID], { importModule })
  t.equal(code, 0)
  t.match(out.at(-1), /is being cancelled; its cluster does not answer any more/)
})

t.test('flink run -t yarn-session submits to the session', async (t) => {
  const { manager, requests } = await startJobManager(t)
  const workingDirectory = folderWith(t, { 'a.ts': PROGRAM })
  const { importModule } = manager
  const { code, out } = await act(runAction, [...ON_SESSION, 'a.ts'], {
    importModule,
    workingDirectory,
  })
  t.equal(code, 0)
  t.strictSame(withoutIds(out), [
    'Job has been submitted with JobID JOB',
    'Program execution finished',
    'Job with JobID JOB has finished.',
    'Job Runtime: 5 ms',
    '',
  ])
  t.ok(requests.some(({ method, url }) => method === 'POST' && url === '/jobs'))
  t.strictSame(manager.calls, [`retrieve ${APPLICATION_ID}`, 'close'])
})
