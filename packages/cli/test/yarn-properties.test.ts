import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { listAction } from '../dist/actions/list.js'
import { act } from './support/act.js'
import { APPLICATION_ID, FakeClusterManager } from './support/fake-cluster-manager.js'
import { startFakeRestServer } from './support/fake-rest-server.js'
import { folderWith, runScript } from './support/run-command.js'
import { PROPERTIES_FILE, startYarnSession } from './support/start-yarn-session.js'
import { TestingTerminal } from './support/testing-terminal.js'

async function listed(folder: string, manager: FakeClusterManager, ...words: string[]) {
  const terminal = new TestingTerminal()
  const outcome = await act(listAction, words, {
    terminal,
    configuration: { 'yarn.properties-file.location': folder, 'rest.port': '1' },
    importModule: manager.importModule,
  }).catch((error: unknown) => error)
  return { outcome, err: terminal.errLines }
}

async function startJobManager(t: Test) {
  const { address } = await startFakeRestServer(t, () => ({ body: { jobs: [] } }))
  return new FakeClusterManager(address)
}

t.test('plain commands find the session, and say so', async (t) => {
  const manager = await startJobManager(t)
  const folder = folderWith(t)
  const words = [
    '-d',
    '-Dyarn.resourcemanager.webapp.address=rm:8088',
    '-Drest.client.max-content-length=7',
  ]
  await startYarnSession(t, words, { folder, manager }).ended
  manager.calls.splice(0)
  manager.contexts.splice(0)

  const { outcome, err } = await listed(folder, manager, '-Drest.client.max-content-length=10000')
  t.match(outcome, { code: 0 })
  t.match(
    err[0],
    new RegExp(
      `^Found the session ${APPLICATION_ID} in .*${PROPERTIES_FILE}; another: -t yarn-session`,
    ),
  )
  t.strictSame(manager.calls, [`retrieve ${APPLICATION_ID}`, 'close'])
  t.match(manager.contexts[0]!.configuration.toMap(), {
    'yarn.resourcemanager.webapp.address': 'rm:8088',
    'rest.client.max-content-length': '10000',
  })
  // Who names something else is not sent there.
  for (const other of [
    ['-t', 'remote'],
    ['-m', 'localhost:1'],
  ]) {
    t.match((await listed(folder, manager, ...other)).outcome, { code: 'FLINK_REST_CONNECTION' })
  }
  t.equal(manager.calls.length, 2)
})

t.test('a file of a session that has ended: what to do', async (t) => {
  const folder = folderWith(t, { [PROPERTIES_FILE]: 'applicationID=application_1_2\n' })
  const { outcome } = await listed(folder, new FakeClusterManager())
  t.match(outcome, {
    code: 'FLINK_TESTING',
    message:
      /^application_1_2 has ended: FINISHED; .*names that session: remove the file if the session has ended/,
  })
})

t.test('files that somebody else may have written are not believed', async (t) => {
  const text = `applicationID=${APPLICATION_ID}\n`
  const open = folderWith(t, { [PROPERTIES_FILE]: text })
  chmodSync(join(open, PROPERTIES_FILE), 0o666)
  const linked = folderWith(t, { other: text })
  symlinkSync(join(linked, 'other'), join(linked, PROPERTIES_FILE))
  const strange = folderWith(t)
  mkdirSync(join(strange, PROPERTIES_FILE))
  const empty = folderWith(t, { [PROPERTIES_FILE]: 'applicationID=\\u0000\n' })
  for (const [folder, why] of [
    [open, /others can write to it/],
    [linked, /it is a symbolic link/],
    [strange, /it is no file/],
    [empty, /it names no application/],
  ] as const) {
    const manager = new FakeClusterManager()
    const { outcome, err } = await listed(folder, manager)
    t.match(outcome, { code: 'FLINK_REST_CONNECTION' }, 'the cluster of the configuration is asked')
    t.strictSame(err.filter((line) => why.test(line)).length, 1)
    t.strictSame(manager.imported, [])
  }
})

t.test('a file of another user is not believed', { skip: process.getuid?.() !== 0 }, async (t) => {
  const { chownSync } = await import('node:fs')
  const folder = folderWith(t, { [PROPERTIES_FILE]: `applicationID=${APPLICATION_ID}\n` })
  chownSync(join(folder, PROPERTIES_FILE), 12345, 12345)
  const manager = new FakeClusterManager()
  const { err } = await listed(folder, manager)
  t.match(err[0], /^Warning: ignoring .*: it belongs to user 12345, not to 0/)
  t.strictSame(manager.imported, [])
})

t.test('a session starts although its file cannot be written', async (t) => {
  const folder = join(folderWith(t), 'missing')
  const { ended, terminal } = startYarnSession(t, ['-d'], { folder })
  t.equal(await ended, 0)
  t.match(
    terminal.errLines.find((line) => line.startsWith('Warning')),
    /Cannot write .*; name it by -Dyarn\.application\.id=application_.*, or set yarn\.properties-file\.location/,
  )
})

t.test('a file that Flink wrote is read', async (t) => {
  const manager = await startJobManager(t)
  const folder = folderWith(t)
  writeFileSync(
    join(folder, PROPERTIES_FILE),
    `#Generated YARN properties file\n#Sat Nov 21 12:00:00 UTC 2026\ndynamicPropertiesString=yarn.tags\\=x@@rest.port\\=2\napplicationID=${APPLICATION_ID}\n`,
  )
  t.match((await listed(folder, manager)).outcome, { code: 0 })
  t.match(manager.contexts[0]!.configuration.toMap(), { 'yarn.tags': 'x', 'rest.port': '1' })
})

t.test('-y options stand for the keys of yarn-session.sh, and need YARN', async (t) => {
  const manager = await startJobManager(t)
  const { importModule } = manager
  const words = [
    ...['-yid', APPLICATION_ID, '-yjm', '512', '-ytm', '1g', '-ys', '2', '-ynm', 'n', '-yqu', 'q'],
    ...[
      '-yat',
      'T',
      '-ynl',
      'l',
      '-yz',
      'ns',
      '-yt',
      '/ship',
      '-yDyarn.tags=a',
      '-yD',
      'x.y=z',
      '-yj',
      'j',
    ],
  ]
  t.equal((await act(listAction, words, { importModule })).code, 0)
  t.match(manager.contexts[0]!.configuration.toMap(), {
    'execution.target': 'yarn-session',
    'yarn.application.id': APPLICATION_ID,
    'jobmanager.memory.process.size': '512m',
    'taskmanager.memory.process.size': '1g',
    'taskmanager.numberOfTaskSlots': '2',
    'yarn.application.name': 'n',
    'yarn.application.queue': 'q',
    'yarn.application.type': 'T',
    'yarn.application.node-label': 'l',
    'high-availability.cluster-id': 'ns',
    'yarn.ship-files': '/ship',
    'yarn.tags': 'a',
    'x.y': 'z',
  })
  for (const [wrong, message] of [
    [['-yqu', 'q'], /^-yqu: only for clusters on YARN, which are named by -m yarn-cluster/],
    [['-yqu', 'q', '-m', 'localhost:1'], /^-yqu: only for clusters on YARN/],
    [['-yqu', 'q', '-t', 'remote'], /^-yqu: only for clusters on YARN/],
    [['-m', 'yarn-cluster', '-t', 'yarn-session'], /exclude each other/],
    [['-m', 'yarn-cluster', '-yq'], /use bin\/yarn-session\.sh -q/],
    [['-m', 'yarn-cluster'], /^Which cluster of the target "yarn-per-job"/],
  ] as const) {
    await t.rejects(act(listAction, wrong, { importModule }), {
      code: 'FLINK_CLI_ARGUMENT',
      message,
    })
  }
})

t.test('-z is the cluster of high availability', async (t) => {
  const { importModule, contexts } = await startJobManager(t)
  const words = ['-t', 'yarn-session', `-Dyarn.application.id=${APPLICATION_ID}`, '-z', 'mine']
  await act(listAction, words, { importModule })
  t.equal(contexts[0]!.configuration.getString('high-availability.cluster-id'), 'mine')
})

t.test('bin/yarn-session.sh shows its help, and usage errors as flink does', async (t) => {
  const help = await runScript('yarn-session.sh', ['-h'])
  t.equal(help.code, 0)
  for (const name of [
    '-q',
    '-qu',
    '-t',
    '-j',
    '-jm',
    '-tm',
    '-s',
    '-D',
    '-nm',
    '-at',
    '-z',
    '-nl',
    '-d',
    '-id',
    '-h',
  ]) {
    t.match(help.stdout, new RegExp(`^ {5}${name}[ ,]`, 'm'))
  }
  const wrong = await runScript('yarn-session.sh', ['--bogus'])
  t.strictSame(wrong, {
    code: 1,
    stdout:
      'Unrecognized option: --bogus\n\nUse the help option (-h or --help) to get help on the command.\n',
    stderr: '',
  })
})
