import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SystemClock } from '@flink-ts/core'
import t, { type Test } from 'tap'
import { parseArguments } from '../dist/arguments/option-parser.js'
import { actionConfiguration } from '../dist/configuration.js'
import { prepareAppMaster } from '../dist/mesos/appmaster-launch.js'
import { APPMASTER_OPTIONS, type AppMasterKind } from '../dist/mesos/appmaster-options.js'
import { CliArgumentError } from '../dist/terminal/terminal.js'
import { TestingInterrupts } from './support/act.js'
import { folderWith, PROJECT_FOLDER, runScript } from './support/run-command.js'
import { TestingTerminal } from './support/testing-terminal.js'

const MASTER = '-Dmesos.master=127.0.0.1:5050'
const CONFIGURATION = [
  'jobmanager.rpc.address: localhost',
  'jobmanager.memory.process.size: 1600m',
  'taskmanager.memory.process.size: 1728m',
].join('\n')

/** Executes one job; with the argument `twice` another one. */
const PROGRAM = `
import { StreamExecutionEnvironment } from '@flink-ts/streaming'
export async function main([word]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env.fromElements(1, 2, 3).print()
  const result = await env.execute('three numbers ' + word)
  console.log('after', result.jobName)
  env.fromElements(4).print()
  if (word === 'twice') await env.execute('again')
}
`

async function prepare(
  t: Test,
  kind: AppMasterKind,
  words: readonly string[],
  options: { environment?: Record<string, string>; configuration?: string } = {},
) {
  const folder = folderWith(t, {
    'conf/config.yaml': `${CONFIGURATION}\n${options.configuration ?? ''}\n`,
    'program.ts': PROGRAM,
  })
  const environment = {
    FLINK_CONF_DIR: join(folder, 'conf'),
    FLINK_LOG_DIR: join(folder, 'log'),
    FLINK_IDENT_STRING: 'ann',
    ...options.environment,
  }
  const terminal = new TestingTerminal()
  const args = parseArguments(words, APPMASTER_OPTIONS[kind])
  const configuration = await actionConfiguration(args, environment, folder)
  const launch = prepareAppMaster(kind, args, {
    terminal,
    clock: new SystemClock(),
    environment,
    workingDirectory: folder,
    configuration,
    onInterrupt: new TestingInterrupts().onInterrupt,
  })
  return { launch, folder, terminal }
}

/** The values behind `name`, in order. */
function valuesOf(words: readonly string[], name: string): string[] {
  return words.flatMap((word, i) => (word === name ? [words[i + 1]!] : []))
}

t.test('mesos-appmaster.sh: a session in the driver of Mesos, with what was said', async (t) => {
  const words = [MASTER, '-z', 'orders', '-D', 'a.b=c=d', '-Dresourcemanager.driver=process']
  const { launch, folder } = await prepare(t, 'session', words)
  const { logFile, words: said } = await launch
  t.match(logFile, new RegExp(`^${folder}/log/flink-ann-mesos-appmaster-.*\\.log$`))
  t.match(said[0], /^--max-old-space-size=\d+$/)
  t.match(said, { length: said.length, [2]: /entrypoint\/dist\/mains\/standalone-session\.js$/ })
  t.strictSame(valuesOf(said, '--container'), ['mesos'])
  t.strictSame(valuesOf(said, '--console'), ['notes'])
  t.strictSame(valuesOf(said, '--configDir'), [join(folder, 'conf')])
  const properties = valuesOf(said, '-D')
  t.ok(properties.includes('a.b=c=d'))
  t.ok(properties.includes('high-availability.cluster-id=orders'))
  t.equal(properties.at(-1), 'resourcemanager.driver=mesos', 'whatever else was said')
})

t.test('mesos-appmaster.sh: in a sandbox the log is where Mesos shows it', async (t) => {
  const sandbox = t.testdir({ conf: { 'config.yaml': CONFIGURATION } })
  const environment = { MESOS_SANDBOX: sandbox, FLINK_LOG_DIR: '' }
  const { launch, terminal } = await prepare(t, 'session', [MASTER], { environment })
  const { logFile, words } = await launch
  t.match(logFile, `${sandbox}/flink-ann-mesos-appmaster-`)
  t.strictSame(valuesOf(words, '--console'), ['log'])
  t.strictSame(terminal.errLines, [])

  const inSandbox = await prepare(t, 'session', [MASTER], {
    environment: { ...environment, FLINK_CONF_DIR: join(sandbox, 'conf') },
  })
  await inSandbox.launch
  t.match(inSandbox.terminal.errLines, [
    /Warning: the secret of the cluster, .*conf\/cluster-secret, is in the sandbox/,
  ])
})

t.test('mesos-appmaster.sh refuses what cannot be', async (t) => {
  for (const [words, error] of [
    [
      [],
      { code: 'FLINK_ILLEGAL_CONFIGURATION', message: /^Which Mesos is meant\? Set 'mesos\.ma/ },
    ],
    [['-Dmesos.master= '], { message: /^Which Mesos is meant/ }],
    [[MASTER, 'word'], { code: 'FLINK_CLI_ARGUMENT', message: 'Unknown argument "word".' }],
    [[MASTER, '-Drest.port=none'], { message: /rest\.port/ }],
    [[MASTER, '-Djobmanager.memory.process.size=10m'], { message: /memory of the JobManager/ }],
    [
      [MASTER, '-Djobmanager.memory.process.size=10m', '-Dtaskmanager.memory.process.size=10m'],
      {
        message: /memory of the JobManager.*\. Cannot divide.*'taskmanager\.memory\.process\.size'/,
      },
    ],
  ] as const) {
    const { launch } = await prepare(t, 'session', words)
    await t.rejects(launch, error, words.join(' '))
  }
})

t.test('mesos-appmaster-job.sh: the job of a program, which runs here', async (t) => {
  const said: string[] = []
  const log = console.log
  console.log = (...words: unknown[]) => void said.push(words.join(' '))
  t.teardown(() => {
    console.log = log
  })
  const words = ['-p', '3', '-d', '-s', '/savepoints/1', MASTER, 'program.ts', 'once']
  const { launch } = await prepare(t, 'job', words)
  const { words: main, remove } = await launch
  t.strictSame(said, ['after three numbers once'], 'main() goes on as with flink run -d')
  t.match(main, { length: main.length, [2]: /mains\/job-cluster\.js$/ })
  t.strictSame(valuesOf(main, '--result-patience'), ['3 s'])
  const [folder] = valuesOf(main, '--prepared')
  t.equal(statSync(folder!).mode & 0o777, 0o700)
  const jobGraph = JSON.parse(readFileSync(join(folder!, 'job-graph.json'), 'utf8'))
  t.match(jobGraph, {
    name: 'three numbers once',
    jobId: /^[0-9a-f]{32}$/,
    program: { programName: /program/, args: ['once'] },
    configuration: { 'execution.state-recovery.path': '/savepoints/1' },
  })
  t.match(readFileSync(join(folder!, 'program.mjs'), 'utf8'), /three numbers/)
  remove()
  t.equal(existsSync(folder!), false)

  const available = [
    'high-availability.type: zookeeper',
    'high-availability.storageDir: /s',
    'high-availability.zookeeper.quorum: 127.0.0.1:2181',
  ].join('\n')
  const again = await (
    await prepare(t, 'job', [MASTER, 'program.ts', 'x'], { configuration: available })
  ).launch
  const [prepared] = valuesOf(again.words, '--prepared')
  t.match(JSON.parse(readFileSync(join(prepared!, 'job-graph.json'), 'utf8')), {
    jobId: '0'.repeat(32),
  })
  again.remove()

  const named = await (
    await prepare(t, 'job', [MASTER, '-Dhigh-availability.cluster-id=orders', 'program.ts', 'x'], {
      configuration: available,
    })
  ).launch
  const [own] = valuesOf(named.words, '--prepared')
  t.match(
    JSON.parse(readFileSync(join(own!, 'job-graph.json'), 'utf8')),
    { jobId: '1c168adb00d208e42f93314529f1fa9c' },
    'clusters that share a folder of checkpoints do not share that of their jobs',
  )
  named.remove()
})

t.test('mesos-appmaster-job.sh: the job of a file', async (t) => {
  for (const words of [
    ['--job-graph', 'job.json', '--bundle', 'b.mjs'],
    ['-Dinternal.jobgraph-path=job.json', '--bundle=b.mjs'],
  ]) {
    const { launch, folder } = await prepare(t, 'job', [MASTER, ...words])
    const { words: main } = await launch
    t.strictSame(valuesOf(main, '--job-graph'), [join(folder, 'job.json')])
    t.strictSame(valuesOf(main, '--bundle'), [join(folder, 'b.mjs')])
    t.notOk(main.some((word) => word.includes('internal.jobgraph-path')))
  }
})

t.test('mesos-appmaster-job.sh refuses what cannot be, and leaves nothing', async (t) => {
  const log = console.log
  console.log = () => {}
  t.teardown(() => {
    console.log = log
  })
  for (const [words, message, isNoMatterOfWords] of [
    [[], 'A program should be specified: a TypeScript or JavaScript file.'],
    [['-jg', 'j', 'program.ts'], 'Is it the job of j, or the program program.ts?'],
    [['-jg', 'j', '-jid', 'x'], 'A job graph has an id: --job-id is for programs.'],
    [['--bundle', 'b', 'program.ts'], '--bundle goes with --job-graph.'],
    [['-jid', 'x', 'program.ts'], 'Cannot use --job-id x: expected 32 hexadecimal digits'],
    [['-p', '0', 'program.ts'], 'The parallelism must be a positive number: 0'],
    [['-n', 'program.ts'], 'Options on a savepoint need one: --fromSavepoint <path>'],
    [['program.ts', 'twice'], /program.* executes a second job, and a job cluster runs one/, true],
    [['nowhere.ts'], /does not exist: nowhere\.ts/, true],
  ] as const) {
    const { launch } = await prepare(t, 'job', [MASTER, ...words])
    const error = await launch.catch((thrown) => thrown)
    t.match(error, { message }, words.join(' '))
    t.equal(error instanceof CliArgumentError, isNoMatterOfWords !== true, words.join(' '))
  }
})

/** A Node.js that says what it was asked to run in place of a daemon. */
const FAKE_NODE = `#!/usr/bin/env bash
case "$*" in
  *mains/*) echo "pid $$"; echo "log $FLINK_LOG_FILE"; printf 'word %s\\n' "$@"; exit 42 ;;
  *) exec "${process.execPath}" "$@" ;;
esac
`

t.test('the scripts become the processes that they start', async (t) => {
  const folder = folderWith(t, { 'conf/config.yaml': CONFIGURATION, node: FAKE_NODE })
  chmodSync(join(folder, 'node'), 0o755)
  const environment = {
    FLINK_CONF_DIR: join(folder, 'conf'),
    FLINK_LOG_DIR: join(folder, 'log'),
    FLINK_NODE: join(folder, 'node'),
    TMPDIR: folder,
  }
  const run = (name: string, words: readonly string[]) =>
    runScript(name, words, { environment, cwd: folder })
  const property = 'with.blanks=a b  "c"'
  const session = await run('mesos-appmaster.sh', [MASTER, '-D', property])
  t.equal(session.code, 42, session.stderr)
  t.match(session.stdout, new RegExp(`log ${folder}/log/flink-.*-mesos-appmaster-.*\\.log`))
  t.match(session.stdout, `word ${property}\n`)

  t.match(await run('mesos-appmaster.sh', ['-h']), {
    code: 0,
    stdout: /^Usage: mesos-appmaster\.sh/,
  })
  t.match(await run('mesos-appmaster-job.sh', ['-h']), {
    code: 0,
    stdout: /^Usage: mesos-appmaster-job\.sh .*--job-graph/s,
  })
  t.match(await run('mesos-appmaster.sh', ['-x']), {
    code: 1,
    stdout: '',
    stderr: /^Unrecognized option: -x\n\nUse the help option/,
  })
  const heap = await run('mesos-appmaster.sh', ['-Djobmanager.heap.size=1g'])
  t.match(heap, { code: 1, stdout: '' })
  t.match(
    heap.stderr,
    /'jobmanager\.heap\.size' has no effect: .*jobmanager\.memory\.process\.size/,
  )
  t.match(heap.stderr, /Which Mesos is meant/)
  t.strictSame(readdirSync(folder).sort(), ['conf', 'log', 'node'])
})

t.test('mesos-taskmanager.sh: works in the bare environment of a sandbox', async (t) => {
  const folder = folderWith(t, { node: FAKE_NODE, 'conf/config.yaml': '' })
  chmodSync(join(folder, 'node'), 0o755)
  const script = join(PROJECT_FOLDER, 'bin', 'mesos-taskmanager.sh')
  const { code, stdout, stderr } = await new Promise<Record<string, unknown>>((resolve) =>
    execFile(
      script,
      ['-D', 'taskmanager.resource-id=taskmanager-00001'],
      {
        cwd: folder,
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          FLINK_NODE: join(folder, 'node'),
          FLINK_HOME: PROJECT_FOLDER,
          FLINK_NODE_FLAGS: '--max-old-space-size=116 --max-semi-space-size=4',
        },
      },
      (error, stdout, stderr) => resolve({ code: error?.code, stdout, stderr }),
    ),
  )
  t.equal(stderr, '')
  t.equal(code, 42)
  const words = String(stdout).match(/(?<=word ).*/g)!
  t.strictSame(words.slice(0, 2), ['--max-old-space-size=116', '--max-semi-space-size=4'])
  t.match(words[2], /entrypoint\/dist\/mains\/task-manager\.js$/)
  t.strictSame(words.slice(3), [
    '--container',
    'mesos',
    '-D',
    'taskmanager.resource-id=taskmanager-00001',
  ])
})
