import type { FileSystem } from '@flink-ts/core'
import {
  DataGeneratorSource,
  RateLimiterStrategy,
  type StreamExecutionEnvironment,
} from '@flink-ts/streaming'
import t from 'tap'
import { pause, stopWithSavepoint } from './checkpoints-of-cluster.js'
import { readLines } from './files-of-cluster.js'
import { record, withCluster } from './testing-cluster.js'

const KEYS = {
  'execution.checkpointing.interval': '50 ms',
  'execution.checkpointing.dir': 'memory:///cp',
  'execution.checkpointing.tolerable-failed-checkpoints': '1000',
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '3',
  'restart-strategy.fixed-delay.delay': '10 ms',
}
/** Keyed state in files, of which each checkpoint stores the new ones. */
const ON_DISK = { 'state.backend.type': 'lsm', 'execution.checkpointing.incremental': 'true' }
const UNALIGNED = { 'execution.checkpointing.unaligned.enabled': 'true' }
const BACKENDS = Object.entries({
  'on the heap': {},
  'on the heap, barriers overtaking records,': UNALIGNED,
  'on disk': ON_DISK,
})
const KEY_COUNT = 10

/** Counts numbers by their last digit and writes each count that a key reaches. */
function counting(
  env: StreamExecutionEnvironment,
  job: {
    readonly parallelism: number
    readonly numbers: number
    readonly rate: RateLimiterStrategy
    readonly output: string
    /** Called with each number behind the counting. */
    readonly onCounted?: (n: number) => void
  },
): void {
  const { numbers, rate, output, onCounted = () => {} } = job
  env.setParallelism(job.parallelism)
  env
    .fromSource(new DataGeneratorSource((n) => n, numbers, rate), 'numbers')
    .map((n) => ({ key: n % KEY_COUNT, count: 1, n }))
    .keyBy((r) => r.key)
    .reduce((a, b) => ({ key: a.key, count: a.count + b.count, n: b.n }))
    .map(({ key, count, n }) => {
      onCounted(n)
      return `${key} ${count}`
    })
    .writeAsText(`memory://${output}`)
}

function expectedLines(numbers: number): string[] {
  const lines: string[] = []
  for (let key = 0; key < KEY_COUNT; key++) {
    for (let count = 1; count <= numbers / KEY_COUNT; count++) lines.push(`${key} ${count}`)
  }
  return lines.sort()
}

for (const [where, backend] of BACKENDS) {
  t.test(
    `a job with state ${where} whose task fails counts and writes everything once`,
    async (t) => {
      await withCluster(
        t,
        { numberOfTaskManagers: 2, numberOfTaskSlotsPerTaskManager: 1 },
        async ({ cluster, files }) => {
          let failures = 0
          const onCounted = (n: number) => {
            if (n > 1200 && failures++ === 0) throw new Error('once')
          }
          const job = {
            parallelism: 2,
            numbers: 2000,
            rate: RateLimiterStrategy.perSecond(2000),
            output: '/out',
            onCounted,
          }
          await (
            await cluster.submitJob(
              await record((env) => counting(env, job), { ...KEYS, ...backend }),
            )
          ).result()
          t.ok(failures > 0)
          t.strictSame((await readLines(files, '/out')).sort(), expectedLines(2000))
        },
      )
    },
  )
}

for (const [where, backend] of BACKENDS) {
  t.test(
    `a job with state ${where} that is rescaled while it runs counts and writes everything once`,
    async (t) => {
      const keys = {
        'jobmanager.scheduler': 'adaptive',
        'jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout': '10 ms',
        'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling': '0 ms',
        'jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout': '10 ms',
      }
      const size = { numberOfTaskManagers: 2, numberOfTaskSlotsPerTaskManager: 1 }
      await withCluster(t, { ...size, keys }, async ({ cluster, files }) => {
        let isRescaled = false
        const rate = slowUntil(() => isRescaled)
        const job = { parallelism: 3, numbers: 3000, rate, output: '/out' }
        const recorded = await record((env) => counting(env, job), { ...KEYS, ...backend })
        const { jobId } = recorded.jobGraph
        const running = await cluster.submitJob(recorded)
        const ended = running.result().then(() => true)
        const dispatcher = await cluster.dispatcher()
        const parallelism = async (): Promise<number> => {
          const { executionGraph } = await dispatcher.requestJob({ jobId })
          return JSON.parse(Buffer.from(executionGraph!).toString()).vertices[1].subtasks.length
        }
        await Promise.race([untilCheckpoint(files, 3), ended])
        const [jobFolder] = await files.list('/cp')
        const shared = await files.list(`${jobFolder!.path}/shared`)
        t.equal(shared.length > 0, where === 'on disk', 'files that checkpoints share')
        t.equal(await parallelism(), 2, 'with the slots that there are')
        await cluster.startTaskManager()
        while ((await parallelism()) < 3) {
          if (await Promise.race([ended, pause()])) throw new Error('it ended before')
        }
        isRescaled = true
        await ended
        t.strictSame((await readLines(files, '/out')).sort(), expectedLines(3000))
      })
    },
  )
}

/** So slow that it lasts until then, on a busy machine, too. */
function slowUntil(condition: () => boolean): RateLimiterStrategy {
  return {
    createRateLimiter: (clock, parallelism) => {
      const [slow, fast] = [100, 5_000].map((perSecond) =>
        RateLimiterStrategy.perSecond(perSecond).createRateLimiter(clock, parallelism),
      )
      const present = () => (condition() ? fast! : slow!)
      return {
        acquire: (wanted) => present().acquire(wanted),
        delayMs: () => present().delayMs(),
      }
    },
  }
}

/** Resolves when a checkpoint of at least this id is complete. */
async function untilCheckpoint(files: FileSystem, id: number): Promise<void> {
  for (;;) {
    const folders = (await files.exists('/cp')) ? await files.list('/cp') : []
    for (const { path } of folders) {
      const found = (await files.list(path)).map((entry) => /chk-(\d+)$/.exec(entry.path)?.[1])
      if (found.some((n) => Number(n) >= id)) return
    }
    await pause()
  }
}

t.test(
  'a job that is stopped with a savepoint goes on at other parallelisms and with another state backend',
  async (t) => {
    await withCluster(
      t,
      { numberOfTaskManagers: 1, numberOfTaskSlotsPerTaskManager: 3 },
      async (testing) => {
        const { cluster, files } = testing
        let path: string | undefined
        for (const [run, parallelism] of [2, 3, 1].entries()) {
          const isLast = run === 2
          let counted = 0
          const job = {
            onCounted: () => {
              counted++
            },
            parallelism,
            numbers: 2000,
            rate: RateLimiterStrategy.perSecond(isLast ? 100_000 : 1000),
            output: `/out/${run}`,
          }
          const keys = path === undefined ? {} : { 'execution.state-recovery.path': path }
          const backend = run === 1 ? ON_DISK : {}
          const recorded = await record((env) => counting(env, job), {
            ...KEYS,
            ...keys,
            ...backend,
          })
          const running = await cluster.submitJob(recorded)
          if (!isLast) {
            while (counted < 300) await pause()
            path = await stopWithSavepoint(testing, recorded)
          }
          const { jobName } = await running.result()
          t.equal(jobName, 'test job')
        }
        t.strictSame((await readLines(files, '/out')).sort(), expectedLines(2000))
      },
    )
  },
)
