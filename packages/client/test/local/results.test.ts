import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionGraphInfo } from '@flink-ts/runtime'
import type { StreamExecutionEnvironment } from '@flink-ts/streaming'
import t from 'tap'
import { ListShuffle } from './list-shuffle.js'
import { record, withCluster } from './testing-cluster.js'

const numbers = Array.from({ length: 2000 }, (_, i) => i)

/** Sums by the last digit, printed. */
function sums(env: StreamExecutionEnvironment): void {
  env
    .fromCollection(numbers)
    .rebalance()
    .map((value) => ({ digit: value % 10, value }))
    .keyBy((r) => r.digit)
    .reduce((a, b) => ({ digit: a.digit, value: a.value + b.value }))
    .filter(({ digit, value }) => value === 199_000 + 200 * digit)
    .map(({ digit, value }) => `${digit} ${value}`)
    .print()
}

const expected = Array.from({ length: 10 }, (_, digit) => {
  const sum = numbers.filter((n) => n % 10 === digit).reduce((a, b) => a + b, 0)
  return `${digit} ${sum}`
})

const printed = (lines: readonly string[]) => lines.map((line) => line.replace(/^\d+> /, '')).sort()

for (const mode of ['STREAMING', 'BATCH']) {
  t.test(`a job runs over another shuffle service than the network (${mode})`, async (t) => {
    const shuffleService = new ListShuffle()
    const keys = { 'execution.runtime-mode': mode, 'parallelism.default': '2' }
    await withCluster(
      t,
      { keys, shuffleService, numberOfTaskManagers: 2, numberOfTaskSlotsPerTaskManager: 2 },
      async ({ cluster, stdout }) => {
        const job = await cluster.submitJob(await record(sums, keys))
        await job.result()
        t.same(printed(stdout.lines), expected)
      },
    )
    const { calls, lists } = shuffleService
    t.equal(calls[0], 'registerJob')
    t.equal(calls.filter((call) => call === 'registerPartition').length, 1 + 2)
    t.ok(calls.includes('unregisterJob'))
    t.equal(calls.at(-1), 'close')
    if (mode === 'BATCH') t.equal(lists.size, 0, 'what was read is released')
  })
}

t.test(
  'a job with buffer debloating is right, and its tasks show the size of their buffers',
  async (t) => {
    const key = 'taskmanager.network.memory.buffer-debloat'
    const keys = {
      [`${key}.enabled`]: 'true',
      [`${key}.period`]: '1 ms',
      'parallelism.default': '2',
    }
    await withCluster(
      t,
      { keys, numberOfTaskManagers: 2, numberOfTaskSlotsPerTaskManager: 2 },
      async ({ cluster, stdout }) => {
        const job = await cluster.submitJob(await record(sums, keys))
        await job.result()
        t.same(printed(stdout.lines), expected)
        const dispatcher = await cluster.dispatcher()
        const { executionGraph } = await dispatcher.requestJob({ jobId: job.jobId })
        const { vertices } = JSON.parse(
          Buffer.from(executionGraph).toString(),
        ) as ExecutionGraphInfo
        const inputs = vertices.at(-1)!.subtasks.map(({ current }) => current.metrics!.values)
        t.equal(inputs.length, 2)
        for (const values of inputs) {
          const { debloatedBufferSize, estimatedTimeToConsumeBuffersMs } = values
          t.ok(debloatedBufferSize! >= 256 && debloatedBufferSize! <= 32_768)
          t.ok(estimatedTimeToConsumeBuffersMs! >= 0)
        }
      },
    )
  },
)

const damages: Record<string, (folder: string) => void> = {
  'are gone': (folder) => rmSync(folder, { recursive: true }),
  'are damaged': (folder) => {
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.data'))) {
      const bytes = readFileSync(join(folder, name))
      bytes[bytes.length >> 1]! ^= 1
      writeFileSync(join(folder, name), bytes)
    }
  },
}

for (const [what, damage] of Object.entries(damages)) {
  t.test(
    `producers run again when their blocking results ${what}, and the result is right`,
    async (t) => {
      const dir = mkdtempSync(join(tmpdir(), 'flink-ts-results-'))
      t.teardown(() => rmSync(dir, { recursive: true, force: true }))
      const keys = {
        'execution.runtime-mode': 'BATCH',
        'parallelism.default': '2',
        'restart-strategy.type': 'fixed-delay',
        'restart-strategy.fixed-delay.attempts': '10',
        'restart-strategy.fixed-delay.delay': '1 ms',
      }
      let made = 0
      let isDamaged = false
      const job = (env: StreamExecutionEnvironment) =>
        env
          .fromCollection(numbers)
          .rebalance()
          .map((value) => {
            made++
            return { digit: value % 10, value }
          })
          .keyBy((r) => r.digit)
          .map((r) => {
            if (!isDamaged) {
              // The first record of one result has come; the others have not been looked at.
              isDamaged = true
              for (const root of readdirSync(dir)) {
                for (const folder of readdirSync(join(dir, root))) damage(join(dir, root, folder))
              }
            }
            return r
          })
          .keyBy((r) => r.digit)
          .reduce((a, b) => ({ digit: a.digit, value: a.value + b.value }))
          .map(({ digit, value }) => `${digit} ${value}`)
          .print()
      await withCluster(
        t,
        { keys: { ...keys, 'io.tmp.dirs': dir }, numberOfTaskSlotsPerTaskManager: 4 },
        async ({ cluster, stdout }) => {
          const running = await cluster.submitJob(await record(job, keys))
          await running.result()
          t.same(printed(stdout.lines), expected)
          t.ok(made > numbers.length, `${made} elements were made`)
        },
      )
      t.same(readdirSync(dir), [], 'nothing is left')
    },
  )
}
