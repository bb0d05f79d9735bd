import { JobExecutionError, MiniCluster } from '@flink-ts/client'
import { type JobId, newHexId, SeededRandom } from '@flink-ts/core'
import t from 'tap'
import { CountingClock, causesOf, record, withCluster } from './testing-cluster.js'

t.test('MiniCluster: a failing function fails its job with the cause', async (t) => {
  await withCluster(
    t,
    { keys: { 'restart-strategy.type': 'none' } },
    async ({ cluster, stdout }) => {
      const failing = await record((env) => {
        env
          .fromSequence(1, 100)
          .map((value) => {
            if (value === 50) throw new RangeError('fifty is too much')
            return value
          })
          .name('picky')
          .print()
      })
      const job = await cluster.submitJob(failing)
      const error = await job.result().then(
        () => t.fail('it failed'),
        (e) => e as JobExecutionError,
      )
      t.ok(error instanceof JobExecutionError)
      t.equal((error as JobExecutionError).status, 'FAILED')
      const causes = causesOf(error)
      const root = causes.at(-1)!
      t.equal(root.name, 'RangeError')
      t.equal(root.message, 'fifty is too much')
      t.match(root.stack, /mini-cluster\.test/, 'the place is that of the user')
      t.ok(causes.some(({ message }) => /Operator 'picky' failed/.test(message)))
      t.equal(await job.status(), 'FAILED')

      stdout.lines.length = 0
      const next = await cluster.submitJob(await record((env) => env.fromElements(1, 2).print()))
      await next.result()
      t.strictSame(stdout.lines, ['1', '2'], 'the cluster runs the next job')
    },
  )
})

t.test('MiniCluster: fixed-delay restarts a job until it succeeds', async (t) => {
  await withCluster(t, {}, async ({ cluster, stdout }) => {
    let attempts = 0
    const job = await cluster.submitJob(
      await record(
        (env) => {
          env
            .fromSequence(1, 10)
            .map((value) => {
              if (value === 5 && ++attempts < 3) throw new Error(`attempt ${attempts}`)
              return value
            })
            .print()
        },
        {
          'restart-strategy.type': 'fixed-delay',
          'restart-strategy.fixed-delay.attempts': '2',
          'restart-strategy.fixed-delay.delay': '1 ms',
        },
      ),
    )
    await job.result()
    t.equal(attempts, 3)
    t.strictSame(stdout.lines.slice(-10).map(Number), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})

t.test('MiniCluster: what can be no key is refused alike at any parallelism', async (t) => {
  await withCluster(t, { numberOfTaskSlotsPerTaskManager: 2 }, async ({ cluster }) => {
    const messages = [1, 2].map(async (parallelism) => {
      const recorded = await record((env) =>
        env
          .fromSequence(1, 10)
          .setParallelism(1)
          .keyBy(() => new Map() as never)
          .map((v) => v)
          .setParallelism(parallelism)
          .print(),
      )
      const failure = await (await cluster.submitJob(recorded)).result().catch((e: Error) => e)
      return causesOf(failure).at(-1)?.message
    })
    const [alone, many] = await Promise.all(messages)
    t.match(alone, /^Operator 'keyBy behind .*': Cannot use this value as a key: key: a Map;/)
    t.equal(alone, many)
  })
})

t.test('MiniCluster: a job can be cancelled', async (t) => {
  await withCluster(t, {}, async ({ cluster }) => {
    const reached = makeResolvers()
    const job = await cluster.submitJob(
      await record((env) => {
        env
          .fromSequence(1, Number.MAX_SAFE_INTEGER - 1)
          .map((value) => {
            if (value === 10_000) reached.resolve(undefined)
            return value
          })
          .filter(() => false)
          .print()
      }),
    )
    await reached.promise
    t.equal(await job.status(), 'RUNNING')
    await job.cancel()
    await t.rejects(job.result(), {
      name: 'JobExecutionError',
      status: 'CANCELED',
      message: /was cancelled/,
    })
  })
})

function makeResolvers() {
  let resolve!: (value: unknown) => void
  const promise = new Promise((r) => {
    resolve = r
  })
  return { promise, resolve }
}

t.test('MiniCluster.submitJob refuses a job id that was used', async (t) => {
  await withCluster(t, {}, async ({ cluster }) => {
    const recorded = await record((env) => env.fromElements(1).print())
    await (await cluster.submitJob(recorded)).result()
    await t.rejects(cluster.submitJob(recorded), { message: new RegExp(recorded.jobGraph.jobId) })
    const jobId = newHexId<JobId>(new SeededRandom(3))
    await (
      await cluster.submitJob({ ...recorded, jobGraph: { ...recorded.jobGraph, jobId } })
    ).result()
  })
})

t.test(
  'MiniCluster.close ends what runs, twice is once, and before the start is nothing',
  async (t) => {
    const clock = new CountingClock()
    const cluster = new MiniCluster({ clock })
    const job = await cluster.submitJob(
      await record((env) =>
        env
          .fromSequence(1, 2 ** 52)
          .filter(() => false)
          .print(),
      ),
    )
    await Promise.all([cluster.close(), cluster.close()])
    await t.rejects(job.result(), { message: /The cluster ended before its job did/ })
    t.equal(clock.pendingTimers, 0)
    await new MiniCluster({ clock }).close()
    t.equal(clock.pendingTimers, 0)
  },
)
