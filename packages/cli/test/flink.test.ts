import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startFakeRestServer, unusedPort } from './support/fake-rest-server.js'
import { folderWith, PROJECT_FOLDER, runScript } from './support/run-command.js'

// Each case is a process.
t.setTimeout(300_000)

const HINT = '\n\nUse the help option (-h or --help) to get help on the command.\n'
const MANY_LINES = 50

const flink = (args: readonly string[], options: Parameters<typeof runScript>[2] = {}) =>
  runScript('flink', args, options)

t.test('flink: usage errors go to stdout with a hint at the help, exit code 1', async (t) => {
  const table: [words: string[], message: string][] = [
    [['list', '--bogus'], 'Unrecognized option: --bogus'],
    [['list', '-m'], 'Missing argument for option: m'],
    [['run'], 'A program should be specified: a TypeScript or JavaScript file.'],
    [['info'], 'A program should be specified: a TypeScript or JavaScript file.'],
    [['run', '-p', 'x', 'a.ts'], 'The parallelism must be a positive number: x'],
    [['run', '-p', '0', 'a.ts'], 'The parallelism must be a positive number: 0'],
    [
      ['run', '-t', 'moon', 'a.ts'],
      'Unknown target "moon": expected remote, local, or <cluster manager>-session|per-job|application, such as yarn-session',
    ],
    [['cancel'], 'Missing JobID. Specify a JobID to cancel a job.'],
    [['stop'], 'Missing JobID. Specify a JobID to stop a job.'],
    [
      ['cancel', 'xyz'],
      'Cannot parse JobID from "xyz". The expected format is [0-9a-fA-F]{32}, e.g. fd72014d4c864993a2e5a9287b4a9c5d.',
    ],
    [
      ['list', '-m', 'nohost'],
      'Cannot use the JobManager address "nohost": expected host:port, such as localhost:8081',
    ],
  ]
  for (const [words, message] of table) {
    const result = await flink(words)
    t.strictSame(result, { code: 1, stdout: `${message}${HINT}`, stderr: '' }, words.join(' '))
  }
})

t.test('flink: failures go to stderr below a rule, on one screen, exit code 1', async (t) => {
  const nobody = `127.0.0.1:${await unusedPort()}`
  const folder = folderWith(t, { 'ok.ts': 'export {}' })
  const fake = await startFakeRestServer(t, () => ({ body: '<html></html>' }))
  const refusing = await startFakeRestServer(t, () => ({
    status: 404,
    body: { errors: ['Job could not be found.'] },
  }))
  const bad = folderWith(t, { 'flink-conf.yaml': 'rest.port: 8081\n  oops: [\n' })
  const wrong = folderWith(t, { 'flink-conf.yaml': 'rest.port: lots\n' })
  const job = 'a'.repeat(32)
  type Row = [words: string[], message: RegExp, confDir?: string]
  const table: Row[] = [
    [
      ['list', '-m', nobody],
      new RegExp(`Cannot reach the JobManager at ${nobody}: connection refused`),
    ],
    [['cancel', '-m', nobody, job], /connection refused: no JobManager listens there/],
    [['run', '-m', nobody, 'ok.ts'], /connection refused: no JobManager listens there/],
    [['list', '-m', 'no-such-host.invalid:1'], /no-such-host\.invalid:1: there is no such host/],
    [['list', '-m', fake.address], /is no Flink REST endpoint/],
    [['run', '-m', fake.address, 'ok.ts'], /is no Flink REST endpoint/],
    [['cancel', '-m', refusing.address, job], /was answered with 404: Job could not be found\./],
    [['list'], /the folder \/nowhere does not exist; set FLINK_CONF_DIR/, '/nowhere'],
    [['list'], /neither flink-conf\.yaml nor config\.yaml/, folder],
    [['list'], /flink-conf\.yaml, line 1: 'rest\.port…' is not valid/, bad],
    [['list'], /Cannot use the value 'lots' of configuration key 'rest\.port'/, wrong],
    [['stop', '-m', refusing.address, job], /was answered with 404: Job could not be found\./],
    [['info', 'gone.ts'], /The program file does not exist: gone\.ts/],
    [['run', '-m', nobody, 'gone.ts'], /The program file does not exist: gone\.ts/],
  ]
  for (const [words, message, confDir] of table) {
    const environment: Record<string, string> =
      confDir === undefined ? {} : { FLINK_CONF_DIR: confDir }
    const result = await flink(words, { cwd: folder, environment })
    const name = `${words.join(' ')}: ${result.stderr.split('\n')[4]}`
    t.equal(result.code, 1, name)
    t.match(
      result.stderr,
      /^\n-{60}\n The program finished with the following exception:\n\n/,
      name,
    )
    t.match(result.stderr, message, name)
    t.notMatch(result.stderr, /^\s+at .*(dist|node_modules|node:)/m, `no stack of ours: ${name}`)
    t.ok(result.stderr.split('\n').length < MANY_LINES, name)
  }
})

t.test('flink: --verbose shows the stack', async (t) => {
  const nobody = `127.0.0.1:${await unusedPort()}`
  const { stderr } = await flink(['list', '--verbose', '-m', nobody])
  t.match(stderr, /^\s+at .*rest-cluster-client/m)
})

t.test('flink: actions that are none, and no action', async (t) => {
  const bogus = await flink(['bogus'])
  t.equal(bogus.code, 1)
  t.equal(
    bogus.stdout,
    '"bogus" is not a valid action.\n\nValid actions are "run", "run-application", "info", "list", "stop", "cancel", "savepoint", "checkpoint", "rest-token", "ha" and "state".\n\n' +
      'Specify the version option (-v or --version) to print the version.\n' +
      'Specify the help option (-h or --help) to get help on the command.\n',
  )
  const none = await flink([])
  t.equal(none.code, 1)
  t.match(none.stdout, /^\.\/flink <ACTION> \[OPTIONS\] \[ARGUMENTS\]\n/)
})

t.test('flink --help, --version and the help of each action exit with 0', async (t) => {
  const all = await flink(['--help'])
  t.equal(all.code, 0)
  for (const action of ['run', 'info', 'list', 'stop', 'cancel', 'savepoint', 'checkpoint']) {
    const help = await flink([action, '--help'])
    t.equal(help.code, 0)
    t.match(help.stdout, `Action "${action}" `)
    t.match(all.stdout, help.stdout.trim())
  }
  for (const word of ['-v', '--version']) {
    t.match(await flink([word]), { code: 0, stdout: /^Version: \d+\.\d+\.\d+/ })
  }
  t.strictSame((await flink(['-h'])).stdout, all.stdout)
})

t.test('flink: the address is that of the configuration, -D and -m go before it', async (t) => {
  const { address } = await startFakeRestServer(t, () => ({ body: { jobs: [] } }))
  const port = address.split(':')[1]
  const right = folderWith(t, {
    'flink-conf.yaml': `rest:\n  address: 127.0.0.1\n  port: ${port}\n`,
  })
  const wrong = folderWith(t, { 'config.yaml': 'rest.address: 127.0.0.1\nrest.port: 1\n' })
  const list = (confDir: string, ...words: string[]) =>
    flink(['list', ...words], { environment: { FLINK_CONF_DIR: confDir } })
  t.match(await list(right), { code: 0, stdout: /No running jobs/ })
  t.match(await list(wrong), { code: 1 })
  t.match(await list(wrong, `-Drest.port=${port}`), { code: 0 })
  t.match(await list(wrong, '-D', `rest.port=${port}`), { code: 0 })
  t.match(await list(wrong, '-m', address), { code: 0 })
})

t.test('flink: a reader that has seen enough is no failure', async (t) => {
  const { spawn } = await import('node:child_process')
  const child = spawn(join(PROJECT_FOLDER, 'bin', 'flink'), ['--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.equal(stderr.replace(/^npm .*\n/gm, ''), '')
  t.equal(code, 0)
})

t.test('flink: the scripts are found through symbolic links and from any folder', async (t) => {
  const folder = folderWith(t)
  const { symlinkSync } = await import('node:fs')
  symlinkSync(join(PROJECT_FOLDER, 'bin', 'flink'), join(folder, 'flink'))
  const { spawnSync } = await import('node:child_process')
  const result = spawnSync('./flink', ['--version'], { cwd: folder, encoding: 'utf8' })
  t.equal(result.status, 0)
  t.match(result.stdout, /^Version: /)
})

const JOB = `
import { StreamExecutionEnvironment } from '@flink-ts/streaming'
const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromElements(1, 2).map((n: number): number => n + 1).name('plus one').print()
await env.execute('plan me')
throw new Error('info must not come this far')
`

t.test('flink info: prints the plan as JSON and runs nothing', async (t) => {
  const folder = folderWith(t, { 'job.ts': JOB })
  const result = await flink(['info', '-Dparallelism.default=2', 'job.ts'], { cwd: folder })
  t.equal(result.stderr, '')
  t.equal(result.code, 0)
  const lines = result.stdout.trim().split('\n')
  t.equal(lines[0], '----------------------- Execution Plan -----------------------')
  t.equal(lines.at(-1), '-'.repeat(62))
  const plan = JSON.parse(lines.slice(1, -1).join('\n')) as {
    nodes: { type: string; parallelism: number }[]
  }
  t.match(
    plan.nodes.map(({ type, parallelism }) => ({ type, parallelism })),
    [
      { type: 'Source: Collection Source', parallelism: 1 },
      { type: 'plus one', parallelism: 2 },
      { type: /Print/, parallelism: 2 },
    ],
  )
})

t.test('flink info: a program that executes nothing is told', async (t) => {
  const folder = folderWith(t, { 'nothing.ts': 'export {}' })
  const result = await flink(['info', 'nothing.ts'], { cwd: folder })
  t.equal(result.code, 1)
  t.match(result.stderr, 'The program nothing.ts contains no execute() calls')
})

t.test('bundling: the errors of a program stand on one screen with file and line', async (t) => {
  const folder = folderWith(t, {
    'syntax.ts': 'const a = 1\nconst b = )\n',
    'import.ts': "import { x } from './gone.js'\nimport y from 'no-such-package'\nx(y)\n",
    'addon.ts': "import addon from './native.node'\naddon()\n",
    'many.ts': Array.from({ length: 60 }, (_, i) => `import './gone-${i}.js'`).join('\n'),
    'native.node': '',
    'data.csv': '1,2',
    'throws.ts':
      'interface A { a: number }\n\nconst a = (undefined as unknown as A).a\nconsole.log(a)',
  })
  mkdirSync(join(folder, 'folder.ts'))
  writeFileSync(join(folder, 'folder.ts', 'syntax.ts'), 'x y')
  const table: [program: string, ...messages: RegExp[]][] = [
    ['gone.ts', /The program file does not exist: gone\.ts/],
    ['folder.ts', /folder\.ts is no program: expected a TypeScript or JavaScript file/],
    ['data.csv', /data\.csv is no program/],
    ['syntax.ts', /The program syntax\.ts cannot be built:/, / syntax\.ts:2:11: Unexpected "\)"\n/],
    ['folder.ts/syntax.ts', / folder\.ts\/syntax\.ts:1:3: /],
    ['import.ts', /import\.ts:1:\d+: Could not resolve "\.\/gone\.js"/, /"no-such-package"/],
    ['addon.ts', /addon\.ts:1:\d+: .*native add-ons cannot be shipped/],
    ['many.ts', /… and \d+ more/],
    ['throws.ts', /Cannot read properties of undefined \(reading 'a'\)/, /throws\.ts:3/],
  ]
  for (const [program, ...messages] of table) {
    const { code, stdout, stderr } = await flink(['info', program], { cwd: folder })
    t.equal(code, 1, program)
    t.equal(stdout, '', program)
    for (const message of messages) t.match(stderr, message, program)
    t.ok(stderr.split('\n').length < MANY_LINES, program)
  }
})

t.test('flink run -t local: the program and its job run in this process', async (t) => {
  const folder = folderWith(t, { 'job.ts': JOB.replace(/throw.*/, '') })
  const result = await flink(['run', '-t', 'local', 'job.ts'], { cwd: folder })
  t.equal(result.code, 0, result.stderr)
  t.strictSame(
    result.stdout
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .sort(),
    ['2', '3'],
  )
})

t.test('start-cluster.sh, stop-cluster.sh: a word that means nothing is refused', async (t) => {
  for (const verb of ['start', 'stop']) {
    t.strictSame(await runScript(`${verb}-cluster.sh`, ['--bogus']), {
      code: 1,
      stdout: `Unknown argument "--bogus". Usage: ${verb}-cluster.sh\n`,
      stderr: '',
    })
  }
})

t.test(
  'onInterrupt: no signal is lost, and one that nobody listens to ends the process',
  async (t) => {
    const module = new URL('../dist/terminal/on-interrupt.js', import.meta.url).href
    const endOf = (...lines: string[]) => {
      const script = [
        `import { onInterrupt } from '${module}'`,
        // What the runner of the tests has every process listen to.
        `for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal)`,
        ...lines,
      ].join('\n')
      const words = ['--input-type=module', '-e', script]
      const { status, signal, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' })
      return { status, signal, stdout }
    }
    const interrupt = "process.kill(process.pid, 'SIGINT')"
    const wait = 'setTimeout(() => process.exit(3), 10_000)'
    t.strictSame(
      endOf(
        "const stop = onInterrupt(() => console.log('gone'))",
        interrupt,
        // It has come, and is told in a later turn.
        'stop()',
        "onInterrupt(() => { console.log('told'); process.exit(0) })",
        wait,
      ),
      { status: 0, signal: null, stdout: 'told\n' },
      'one listener follows another in the turn in which it comes',
    )
    t.strictSame(
      endOf('onInterrupt(() => {})()', interrupt, wait),
      { status: null, signal: 'SIGINT', stdout: '' },
      'nobody listens any more',
    )
    t.strictSame(
      endOf(
        "process.on('SIGINT', () => { console.log('own'); process.exit(0) })",
        'onInterrupt(() => {})()',
        interrupt,
        wait,
      ),
      { status: 0, signal: null, stdout: 'own\n' },
      'a program that listens itself is left alone',
    )
    const inPoll = [
      "import { readFile } from 'node:fs'",
      'readFile(process.execPath, () => {',
      '  const stop = onInterrupt(() => {})',
      `  ${interrupt}`,
      '  stop()',
      '})',
    ]
    t.strictSame(
      endOf(...inPoll, wait),
      { status: null, signal: 'SIGINT', stdout: '' },
      'nobody listens any more, while it is told what has been read',
    )
    const looping = [
      "import { spawn } from 'node:child_process'",
      'onInterrupt(() => {})()',
      'setTimeout(() => {',
      "  spawn('kill', ['-s', 'INT', String(process.pid)], { stdio: 'ignore' })",
      '  for (const end = Date.now() + 10_000; Date.now() < end; );',
      '  process.exit(3)',
      '}, 50)',
    ]
    t.strictSame(
      endOf(...looping),
      { status: null, signal: 'SIGINT', stdout: '' },
      'nobody listens any more, and a loop gives no turn to signals',
    )
    const handedBack = [
      `import { whenInterruptible } from '${module}'`,
      ...looping.slice(0, 2),
      'await whenInterruptible()',
      ...looping.slice(3, -1),
    ]
    t.strictSame(
      endOf(...handedBack),
      { status: null, signal: 'SIGINT', stdout: '' },
      'whenInterruptible: a loop right behind',
    )
    t.strictSame(
      endOf('onInterrupt(() => {})'),
      { status: 0, signal: null, stdout: '' },
      'listening keeps no process',
    )
  },
)
