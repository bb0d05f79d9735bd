import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileSystemRegistry, LocalFileSystem, noopLogger, SystemRandom } from '@flink-ts/core'
import {
  DataGeneratorSource,
  RateLimiterStrategy,
  type StreamExecutionEnvironment,
} from '@flink-ts/streaming'
import t, { type Test } from 'tap'
import { record, withCluster } from './testing-cluster.js'

// Many files are synced, on a disk that others may use.
t.setTimeout(300_000)

const KEY_COUNT = 300
const BACKENDS = {
  'on the heap': {},
  'on disk': { 'state.backend.type': 'lsm' },
  'on disk, in files that checkpoints share,': {
    'state.backend.type': 'lsm',
    'execution.checkpointing.incremental': 'true',
  },
}

/** Counts numbers by key, without an end; each key sees its numbers in order. */
function counting(
  env: StreamExecutionEnvironment,
  output: string,
  onCounted: (n: number, count: number) => void,
) {
  env.setParallelism(2)
  env
    .fromSource(
      new DataGeneratorSource((n) => n, 1e9, RateLimiterStrategy.perSecond(3000)),
      'numbers',
    )
    .setParallelism(1)
    .map((n) => ({ key: n % KEY_COUNT, count: 1, n }))
    .setParallelism(1)
    .keyBy((r) => r.key)
    .reduce((a, b) => ({ key: a.key, count: a.count + b.count, n: b.n }))
    .map(({ count, n }) => {
      onCounted(n, count)
      return ''
    })
    .writeAsText(output)
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesBelow(path) : [path]
    })
  } catch (error) {
    // Removed meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

interface Folders {
  readonly local: string
  readonly checkpoints: string
}

/**
 * A job fails once, when it has checkpoints, goes on for a while and is cancelled. `damage` is called before it restarts.
 *
 * @returns what was logged of reading local copies
 */
async function run(
  t: Test,
  backend: Readonly<Record<string, string>>,
  damage: (folders: Folders) => void,
): Promise<{ readonly files: number; readonly warnings: string[] }> {
  const folder = t.testdir({ local: {}, cp: {}, out: {}, tmp: {} })
  const folders = { local: join(folder, 'local'), checkpoints: join(folder, 'cp') }
  let files = 0
  const warnings: string[] = []
  const log = {
    ...noopLogger,
    child: () => log,
    info: (message: string, fields?: Readonly<Record<string, unknown>>) => {
      if (message === 'Local copies of state') files += Number(fields?.['files'])
      // Nothing has been written for a while, and nothing is read yet.
      if (message === 'Job changed its state' && fields?.['from'] === 'RESTARTING') damage(folders)
    },
    warn: (message: string) => {
      // A checkpoint under way when the job is cancelled, or when its files are taken away, has no copy.
      const isOfCopying = message === 'A local copy of state cannot be made'
      if (message.includes('local copy') && !isOfCopying) warnings.push(message)
    },
  }
  const tmp = { 'io.tmp.dirs': join(folder, 'tmp') }
  const options = {
    numberOfTaskManagers: 2,
    numberOfTaskSlotsPerTaskManager: 1,
    log,
    fileSystems: new FileSystemRegistry([new LocalFileSystem(new SystemRandom())]),
    keys: { ...tmp, 'taskmanager.state.local.root-dirs': folders.local },
  }
  const hasCheckpoint = () =>
    filesBelow(folders.checkpoints).some((path) => /chk-([2-9]|\d\d)\/_metadata$/.test(path))
  await withCluster(t, options, async ({ cluster }) => {
    let failedAt: number | undefined
    const wrong: number[] = []
    let counted = 0
    let enough = () => {}
    const ended = new Promise<void>((resolve) => {
      enough = resolve
    })
    const onCounted = (n: number, count: number) => {
      if (count !== Math.floor(n / KEY_COUNT) + 1) wrong.push(n)
      if (failedAt !== undefined && n > failedAt && ++counted > 500) enough()
      // A later one may not be complete, and is given up.
      if (failedAt !== undefined || n % 20 > 0 || !hasCheckpoint()) return
      failedAt = n
      throw new Error('once')
    }
    const job = await record((env) => counting(env, join(folder, 'out'), onCounted), {
      ...tmp,
      'execution.checkpointing.interval': '50 ms',
      'execution.checkpointing.dir': folders.checkpoints,
      'execution.checkpointing.data-inline-threshold': '0 b',
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '3',
      'restart-strategy.fixed-delay.delay': '300 ms',
      'state.backend.local-recovery': 'true',
      ...backend,
    })
    const running = await cluster.submitJob(job)
    const result = running.result()
    await Promise.race([ended, result])
    await running.cancel()
    await t.rejects(result, { message: /was cancelled/ })
    t.strictSame(wrong, [], 'each number is counted once')
  })
  t.strictSame(readdirSync(folders.local), [], 'no local copy is left')
  return { files, warnings }
}

for (const [where, backend] of Object.entries(BACKENDS)) {
  t.test(`a job with state ${where} restores from local copies`, async (t) => {
    const { files, warnings } = await run(t, backend, ({ checkpoints }) => {
      // What is left of the checkpoints are their metadata: only local copies can be read.
      for (const path of filesBelow(checkpoints)) if (!/\/_\w+$/.test(path)) rmSync(path)
    })
    t.ok(files > 0)
    t.strictSame(warnings, [])
  })

  t.test(`a job with state ${where} reads the checkpoint where copies are damaged`, async (t) => {
    const { warnings } = await run(t, backend, ({ local }) => {
      for (const path of filesBelow(local)) {
        const bytes = readFileSync(path)
        bytes[bytes.length >> 1]! ^= 1
        // What it is linked to stays whole.
        rmSync(path)
        writeFileSync(path, bytes)
      }
    })
    t.ok(warnings.length > 0)
    t.ok(warnings.every((message) => message.startsWith('A local copy of state is damaged')))
  })
}

t.test('a job reads the checkpoint where copies are gone', async (t) => {
  const { files } = await run(t, {}, ({ local }) => {
    for (const path of filesBelow(local)) rmSync(path)
  })
  t.equal(files, 0)
})
