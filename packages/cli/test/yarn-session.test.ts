import { existsSync, readFileSync, statSync } from 'node:fs'
import { Configuration, FlinkError } from '@flink-ts/core'
import t, { type Test } from 'tap'
import { parseArguments } from '../dist/arguments/option-parser.js'
import { sessionConfiguration, YARN_SESSION_OPTIONS } from '../dist/yarn/yarn-session-command.js'
import { APPLICATION_ID, FakeClusterManager } from './support/fake-cluster-manager.js'
import { startFakeRestServer } from './support/fake-rest-server.js'
import { folderWith } from './support/run-command.js'
import { PROPERTIES_FILE, startYarnSession } from './support/start-yarn-session.js'

/** A JobManager that ends its cluster when it is asked to. */
async function startStoppable(t: Test, ends = true) {
  const manager = new FakeClusterManager()
  const { address, requests } = await startFakeRestServer(t, ({ method, url }) => {
    if (method !== 'DELETE' || url !== '/cluster') return undefined
    if (ends) setImmediate(() => manager.end({ status: 'SUCCEEDED', diagnostics: '' }))
    return { status: 200, body: {} }
  })
  manager.report = { ...manager.report, restAddress: address }
  return { manager, requests }
}

t.test('yarn-session.sh options become keys; -D wins', async (t) => {
  const words = [
    ...['-jm', '1024', '-tm', '2g', '-s', '3', '-nm', 'mine', '-qu', 'root.q', '-at', 'Type'],
    ...['-nl', 'gpu', '-z', 'ns', '-t', 'lib', '-t', 'hdfs://h/x', '-d', '-Dyarn.tags=a,b'],
    ...['-D', 'taskmanager.numberOfTaskSlots=5'],
  ]
  const configured = Configuration.fromMap({ 'yarn.ship-files': '/conf/a', 'rest.port': '1' })
  const args = parseArguments(words, YARN_SESSION_OPTIONS)
  const { configuration, said } = sessionConfiguration(args, configured, '/here')
  const expected = {
    'jobmanager.memory.process.size': '1024m',
    'taskmanager.memory.process.size': '2g',
    'taskmanager.numberOfTaskSlots': '5',
    'yarn.application.name': 'mine',
    'yarn.application.queue': 'root.q',
    'yarn.application.type': 'Type',
    'yarn.application.node-label': 'gpu',
    'high-availability.cluster-id': 'ns',
    'yarn.ship-files': '/conf/a;/here/lib;hdfs://h/x',
    'yarn.tags': 'a,b',
  }
  t.strictSame(said.toMap(), expected)
  t.strictSame(configuration.toMap(), {
    ...expected,
    'rest.port': '1',
    'execution.target': 'yarn-session',
    'execution.attached': 'false',
  })
})

t.test('yarn-session.sh refuses what cannot be', async (t) => {
  for (const [words, message] of [
    [['-s', '0'], '-s 0: expected a number of slots'],
    [['-jm', 'much'], '-jm much: expected a size, such as 2048 (MB) or 2g'],
    [['-tm', '-1'], '-tm -1: expected a size, such as 2048 (MB) or 2g'],
    [['word'], 'Unknown argument "word".'],
  ] as const) {
    const { ended, manager } = startYarnSession(t, words)
    await t.rejects(ended, { code: 'FLINK_CLI_ARGUMENT', message })
    t.strictSame(manager.calls, [])
  }
})

t.test('yarn-session.sh -d leaves a session, and a file that finds it', async (t) => {
  const { ended, manager, terminal, path } = startYarnSession(t, [
    ...['-d', '-s', '2', '-Dyarn.tags=a=b', '-Ds3.secret-key=hidden', '-j', 'flink.jar'],
  ])
  t.equal(await ended, 0)
  t.strictSame(terminal.outLines, [
    `Application id: ${APPLICATION_ID}`,
    'JobManager Web Interface: http://h:1',
    `The session runs detached. Its jobs: flink list -t yarn-session -Dyarn.application.id=${APPLICATION_ID}`,
    `To stop it: echo stop | bin/yarn-session.sh -id ${APPLICATION_ID}`,
    `If that is not possible: yarn application -kill ${APPLICATION_ID} (which may leave files behind)`,
  ])
  t.ok(terminal.errLines.includes('Warning: -j flink.jar has no effect'))
  t.ok(terminal.errLines.includes(`flink run finds this session by ${path}.`))
  t.strictSame(manager.calls, ['deploy session', 'close'])
  t.equal(statSync(path).mode & 0o777, 0o600)
  const text = readFileSync(path, 'utf8')
  t.match(text, new RegExp(`^applicationID=${APPLICATION_ID}$`, 'm'))
  t.notMatch(text, /hidden/)
})

t.test('yarn-session.sh stays: help, unknown words, stop', async (t) => {
  const { manager, requests } = await startStoppable(t)
  const { ended, staying, say, reads, terminal, path, interrupts } = startYarnSession(t, [], {
    manager,
  })
  await staying()
  t.ok(existsSync(path))
  const before = terminal.outLines.length
  say('')
  say(' HELP ')
  say('jump')
  t.match(terminal.outLines.slice(before), [
    /^help /,
    /^stop .*Ctrl-C/,
    'Unknown command "jump": help shows the commands.',
  ])
  say('stop')
  t.equal(await ended, 0)
  t.equal(terminal.outLines.at(-1), `${APPLICATION_ID} has ended: SUCCEEDED`)
  t.match(requests.at(-1), {
    method: 'DELETE',
    url: '/cluster',
    headers: { authorization: /^Bearer / },
  })
  t.strictSame(manager.calls, ['deploy session', 'close'])
  t.notOk(existsSync(path), 'nobody finds it any more')
  t.notOk(reads())
  t.equal(interrupts.listeners, 0)
})

t.test('Ctrl-C stops the session, as Flink’s does', async (t) => {
  const { manager, requests } = await startStoppable(t)
  const { ended, staying, interrupts, path } = startYarnSession(t, [], { manager })
  await staying()
  interrupts.interrupt()
  t.equal(await ended, 130)
  t.equal(requests.at(-1)?.method, 'DELETE')
  t.notOk(existsSync(path))
})

t.test('Ctrl-C as soon as the session runs stops it', async (t) => {
  const { manager, requests } = await startStoppable(t)
  const { ended, interrupts, terminal, path } = startYarnSession(t, [], { manager })
  const out = terminal.out.bind(terminal)
  terminal.out = (line) => {
    out(line)
    if (line?.startsWith('Application id')) interrupts.interrupt()
  }
  t.equal(await ended, 130)
  t.equal(requests.at(-1)?.method, 'DELETE')
  t.notOk(existsSync(path))
})

t.test('Ctrl-C while it starts takes it back', async (t) => {
  const manager = new FakeClusterManager()
  const started = new Promise<void>((resolve) => {
    manager.deploying = ({ signal }) => {
      resolve()
      return new Promise((_, reject) =>
        signal!.addEventListener('abort', () => reject(signal!.reason)),
      )
    }
  })
  const { ended, interrupts, path } = startYarnSession(t, [], { manager })
  await started
  interrupts.interrupt()
  await t.rejects(ended, { code: 'FLINK_CLI_INTERRUPTED' })
  t.notOk(existsSync(path))
})

t.test('a session that ends by itself ends the command with its diagnostics', async (t) => {
  const { ended, staying, clock, manager, path } = startYarnSession(t, [])
  await staying()
  // The cluster manager is away for a moment.
  manager.reportFailure = new FlinkError('nobody there', { code: 'FLINK_TESTING', retriable: true })
  for (let i = 0; i < 3; i++) {
    clock.advance(3000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  manager.reportFailure = undefined
  manager.end({ status: 'FAILED', diagnostics: 'killed by somebody\n' })
  clock.advance(3000)
  await t.rejects(ended, {
    code: 'FLINK_CLUSTER_ENDED',
    message: `The session ${APPLICATION_ID} has ended: FAILED: killed by somebody`,
  })
  t.notOk(existsSync(path))
})

t.test('a session that does not end when asked is killed', async (t) => {
  const unreachable = startYarnSession(t, [], { manager: new FakeClusterManager('127.0.0.1:1') })
  await unreachable.staying()
  unreachable.say('stop')
  t.equal(await unreachable.ended, 0)
  t.ok(unreachable.manager.calls.includes('kill'))

  const { manager, requests } = await startStoppable(t, false)
  const stubborn = startYarnSession(t, [], { manager })
  await stubborn.staying()
  stubborn.say('stop')
  while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  while (!manager.calls.includes('kill')) {
    stubborn.clock.advance(1000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(await stubborn.ended, 0)
  t.match(stubborn.terminal.errLines.at(-1), /has not ended within 30 s: killing it/)
})

t.test('yarn-session.sh -id attaches; `stop` of a pipe ends that session', async (t) => {
  const { manager } = await startStoppable(t)
  const folder = folderWith(t, { [PROPERTIES_FILE]: 'applicationID=application_1_2\n' })
  const { ended, staying, say, terminal, path } = startYarnSession(t, ['-id', APPLICATION_ID], {
    manager,
    folder,
  })
  await staying()
  t.equal(terminal.outLines[0], `Attached to ${APPLICATION_ID}.`)
  say('stop')
  t.equal(await ended, 0)
  t.strictSame(manager.calls, [`retrieve ${APPLICATION_ID}`, 'close'])
  t.ok(existsSync(path), 'the file tells of another session')

  const gone = startYarnSession(t, ['-id', 'application_1_9'])
  await t.rejects(gone.ended, { message: /application_1_9 has ended/ })
})

t.test('yarn-session.sh -q shows what there is, and starts nothing', async (t) => {
  const manager = new FakeClusterManager()
  manager.resources = ['2 nodes', 'queue default: 100 %']
  const { ended, terminal } = startYarnSession(t, ['-q'], { manager })
  t.equal(await ended, 0)
  t.strictSame(terminal.outLines, manager.resources)
  t.strictSame(manager.calls, ['close'])
})
