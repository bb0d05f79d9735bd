import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CommandResult } from './support/command.js'
import { freePorts, holdPort } from './support/free-port.js'
import { isAlive } from './support/processes.js'
import { PROJECT_FOLDER, program, TestCluster } from './support/test-cluster.js'

t.setTimeout(600_000)

const WORD_COUNT = join(PROJECT_FOLDER, 'packages/examples/src/wordcount.ts')

/** Non-zero exit, the message, and all of it on one screen. */
function refused(
  t: Test,
  { code, stderr, stdout }: CommandResult,
  ...messages: (RegExp | string)[]
) {
  t.equal(code, 1, `exit code, ${stderr}${stdout}`)
  for (const message of messages) t.match(stderr, message)
  t.ok(`${stdout}${stderr}`.split('\n').length < 50, 'on one screen')
}

/** No process and no file is left of what did not start. */
function nothingRemains(t: Test, cluster: TestCluster) {
  t.strictSame(cluster.runningProcesses(), [])
  t.strictSame(existsSync(cluster.pidDir) ? readdirSync(cluster.pidDir) : [], [])
  t.strictSame(readdirSync(cluster.tmpDir), [])
}

t.test('a port that is in use is named with its key; nothing keeps running', async (t) => {
  const [rest, rpc] = await Promise.all([holdPort(), holdPort()])
  t.teardown(() => Promise.all([rest.release(), rpc.release()]))
  for (const [key, port] of [
    ['rest.port', rest.port],
    ['jobmanager.rpc.port', rpc.port],
  ] as const) {
    const cluster = await TestCluster.prepare(t, { configuration: { [key]: port } })
    const result = await cluster.script('jobmanager.sh', 'start')
    refused(t, result, 'Could not start standalonesession', String(port), key)
    nothingRemains(t, cluster)
    const foreground = await cluster.script('jobmanager.sh', 'start-foreground')
    t.not(foreground.code, 0)
    t.match(foreground.stderr, String(port))
    nothingRemains(t, cluster)
  }
})

t.test('a configuration that is missing, malformed or wrong is told; nothing starts', async (t) => {
  const table: [name: string, text: string | undefined, message: RegExp][] = [
    ['missing', undefined, /there is neither flink-conf\.yaml nor config\.yaml/],
    ['malformed', 'rest.port: [1\nrest', /flink-conf\.yaml, line \d+/],
    [
      'wrong value',
      'jobmanager.memory.process.size: 1600m\nrest.port: many\n',
      /'many' of configuration key 'rest\.port'/,
    ],
    [
      'memory that cannot be split',
      'jobmanager.memory.process.size: 1m\ntaskmanager.memory.process.size: 1728m\n',
      /jobmanager\.memory/,
    ],
  ]
  const cluster = await TestCluster.prepare(t)
  for (const [name, text, message] of table) {
    const { rmSync } = await import('node:fs')
    rmSync(join(cluster.confDir, 'flink-conf.yaml'), { force: true })
    if (text !== undefined) cluster.write('conf/flink-conf.yaml', text)
    for (const script of ['start', 'start-foreground']) {
      const { code, stdout, stderr } = await cluster.script('jobmanager.sh', script)
      t.not(code, 0, `${name}: ${script}`)
      t.match(stderr, message, `${name}: ${script}`)
      t.ok(`${stdout}${stderr}`.split('\n').length < 50, 'on one screen')
      nothingRemains(t, cluster)
    }
  }
})

t.test(
  'a TaskManager whose JobManager is not there ends after taskmanager.registration.timeout',
  async (t) => {
    const cluster = await TestCluster.prepare(t, {
      configuration: { 'taskmanager.registration.timeout': '1 s' },
    })
    const { code, stderr } = await cluster.script('taskmanager.sh', 'start-foreground')
    t.not(code, 0)
    t.match(`${stderr}${cluster.logs('taskexecutor', 'log')}`, /registration/)
    nothingRemains(t, cluster)
  },
)

t.test('with a cluster', async (t) => {
  const cluster = await TestCluster.start(t, { taskManagers: 1 })
  const output = (name: string) => join(cluster.folder, name)
  const input = cluster.write('input.txt', 'some words and some more\n')
  const wordCount = (from: string, to: string) =>
    cluster.flink('run', WORD_COUNT, '--input', from, '--output', to)

  await t.test('an input file that is missing is named, and no output begun', async (t) => {
    refused(t, await wordCount('/no/such/file.txt', output('a')), '/no/such/file.txt')
    t.equal(existsSync(output('a')), false)
  })

  await t.test('an output path that exists is named and left as it is', async (t) => {
    const existing = cluster.write('existing', 'precious\n')
    refused(t, await wordCount(input, existing), existing, /there is a file/)
    t.equal(readFileSync(existing, 'utf8'), 'precious\n')
    const { mkdirSync } = await import('node:fs')
    mkdirSync(output('folder'))
    refused(
      t,
      await wordCount(input, output('folder')),
      output('folder'),
      /there is a (folder|directory)/,
    )
    t.strictSame(readdirSync(output('folder')), [])
  })

  await t.test(
    'an argument of the program that is missing or wrong is told by the program',
    async (t) => {
      refused(t, await cluster.flink('run', WORD_COUNT), /input/)
      refused(
        t,
        await cluster.flink('run', WORD_COUNT, '--input', input, '--execution-mode', 'odd'),
        'Cannot use --execution-mode odd: expected streaming or batch',
      )
    },
  )

  await t.test(
    'a program that is missing or has an error is refused before anything is submitted',
    async (t) => {
      const before = (await cluster.rest.listJobs()).length
      const broken = cluster.write('broken.ts', 'const a: number = \nfunction {\n')
      refused(t, await cluster.flink('run', 'gone.ts'), 'The program file does not exist: gone.ts')
      refused(t, await cluster.flink('run', broken), /broken\.ts:2:\d+: /)
      t.equal((await cluster.rest.listJobs()).length, before)
    },
  )

  await t.test('an unreachable JobManager, and a wrong address, are told at once', async (t) => {
    const [nobody] = await freePorts(1)
    for (const action of [['run', WORD_COUNT], ['list'], ['cancel', 'a'.repeat(32)]]) {
      const [verb, ...rest] = action
      refused(
        t,
        await cluster.flink(verb!, '-m', `127.0.0.1:${nobody}`, ...rest),
        `Cannot reach the JobManager at 127.0.0.1:${nobody}: connection refused`,
      )
    }
    // The RPC port answers, but speaks no REST.
    refused(t, await cluster.flink('list', '-m', `127.0.0.1:${cluster.rpcPort}`), /127\.0\.0\.1/)
  })

  await t.test(
    'a second cluster on the same ports is refused; the first one goes on',
    async (t) => {
      const pid = cluster.jobManagerPid
      const result = await cluster.script('jobmanager.sh', 'start')
      refused(t, result, /Could not start standalonesession/)
      t.match(result.stdout, '[INFO] 1 instance(s) of standalonesession are already running on')
      t.strictSame(cluster.pids('standalonesession'), [pid])
      t.equal(isAlive(pid), true)
      t.match(await cluster.flink('run', program('one-two-three.ts')), { code: 0 })
    },
  )
})
