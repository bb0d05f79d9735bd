import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  assemble,
  clusterPlace,
  command,
  succeeded,
  temporaryFolder,
} from './support/installation.js'

const folder = temporaryFolder(t)
// Made in one place and moved to another one, with a space in its name.
const home = join(folder, 'moved to', 'flink ts')
const made = join(folder, 'made')
const assembled = await assemble(made)
mkdirSync(join(folder, 'moved to'))
renameSync(made, home)

/** One that has ended and that nobody has waited for yet is gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const status = `/proc/${pid}/status`
  return !existsSync(status) || !/^State:\s+Z/m.test(readFileSync(status, 'utf8'))
}

/** Words of a text counted without any of our code. */
function countWords(path: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of readFileSync(path, 'utf8')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)) {
    if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

t.test('npm run dist: says how much it is, and has all parts and no links', (t) => {
  succeeded(t, assembled, 'npm run dist')
  t.match(assembled.stdout, /\d+ files, \d+\.\d MB/)
  const parts = ['LICENSE', 'README.md', 'bin', 'conf', 'docker', 'examples', 'lib']
  t.same(readdirSync(home).sort(), parts)
  const links = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((path) =>
    lstatSync(join(home, path)).isSymbolicLink(),
  )
  t.same(links, [])
  t.end()
})

t.test('npm run dist: carries what runs and nothing of the development', (t) => {
  const modules = join(home, 'lib', 'node_modules')
  const foreign = readdirSync(modules).filter((name) => name !== '@flink-ts')
  t.same(foreign.sort(), ['@esbuild', 'esbuild'])
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
  t.same(
    files.filter((path) => /\.d\.ts$|\.tsbuildinfo$|\.test\./.test(path)),
    [],
  )
  const licenses = readFileSync(join(home, 'lib', 'THIRD-PARTY-LICENSES.txt'), 'utf8')
  for (const name of ['winston', 'protobufjs', '@grpc/grpc-js', 'yaml', 'axios', 'find-my-way']) {
    t.match(licenses, new RegExp(`^${name} \\d`, 'm'))
  }
  t.notMatch(licenses, /^(?:tap|typescript|lerna|supports-color) \d/m)
  t.end()
})

t.test(
  'npm run dist: has one instance of each module, by whichever way it is reached',
  async (t) => {
    const scope = join(home, 'lib', 'node_modules', '@flink-ts')
    // Names of core, seen from two entry points that bring it along.
    const probe = `
    const core = await import(${JSON.stringify(join(scope, 'core', 'dist', 'index.js'))})
    const streaming = await import(${JSON.stringify(join(scope, 'streaming', 'dist', 'index.js'))})
    console.log(new streaming.OutputExistsError('x') instanceof core.FlinkError)`
    const { stdout, stderr } = await command(process.execPath, ['--input-type=module', '-e', probe])
    t.equal(stdout.trim(), 'true', stderr)
  },
)

t.test('npm run dist: leaves a folder alone that is no installation', async (t) => {
  const other = join(folder, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'mine.txt'), 'mine')
  const { code, stderr } = await assemble(other)
  t.not(code, 0)
  t.match(stderr, /is no flink-ts installation/)
  t.same(readdirSync(other), ['mine.txt'])
})

t.test(
  'start-cluster.sh of the assembled folder: counts words, and stops without a trace',
  async (t) => {
    const place = await clusterPlace(folder, home)
    const bin = (name: string, ...args: string[]) =>
      command(join(home, 'bin', name), args, place.environment)
    const pids = () =>
      readdirSync(place.pidFolder)
        .filter((name) => name.endsWith('.pid'))
        .flatMap((name) => readFileSync(join(place.pidFolder, name), 'utf8').trim().split('\n'))
        .map(Number)

    const started = await bin('start-cluster.sh')
    let running: number[] = []
    t.teardown(() => {
      for (const pid of running.filter(isAlive)) process.kill(pid, 'SIGKILL')
    })
    running = pids()
    succeeded(t, started, 'start-cluster.sh')
    t.equal(running.length, 2)

    const input = join(home, 'examples', 'data', 'kjv-bible.txt')
    const output = join(folder, 'counts')
    const program = join(home, 'examples', 'wordcount.ts')
    const ran = await bin(
      'flink',
      ...[
        'run',
        '-p',
        '2',
        program,
        '--execution-mode',
        'batch',
        '--input',
        input,
        '--output',
        output,
      ],
    )
    succeeded(t, ran, 'flink run')
    const counts = new Map<string, number>()
    for (const file of readdirSync(output)) {
      for (const line of readFileSync(join(output, file), 'utf8').split('\n')) {
        const [word, count] = line.split('\t')
        if (count !== undefined) counts.set(word!, Number(count))
      }
    }
    t.same(counts, countWords(input))

    const stopped = await bin('stop-cluster.sh')
    succeeded(t, stopped, 'stop-cluster.sh')
    t.same(running.filter(isAlive), [])
    t.same(readdirSync(place.pidFolder), [])
    t.same(readdirSync(place.temporaryFolder), [])
    t.notOk(readdirSync(home).includes('log'), 'FLINK_LOG_DIR is where the logs are')
  },
)
