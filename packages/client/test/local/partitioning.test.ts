import type { DataStream } from '@flink-ts/streaming'
import t from 'tap'
import { record, withCluster } from './testing-cluster.js'

type Partitioning = (stream: DataStream<number>) => DataStream<number>

const partOf = (lines: string[], subtask: number) =>
  lines.filter((line) => line.startsWith(`${subtask}> `)).map((line) => Number(line.slice(3)))
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)

t.test('MiniCluster: every partitioning delivers each element where it belongs', async (t) => {
  const COUNT = 1000
  const cases: Record<string, { partition: Partitioning; check: (sums: number[][]) => boolean }> = {
    rebalance: {
      partition: (s) => s.rebalance(),
      check: (parts) => parts.every((p) => p.length === COUNT / 4),
    },
    rescale: {
      partition: (s) => s.rescale(),
      check: (parts) => parts.every((p) => p.length === COUNT / 4),
    },
    shuffle: { partition: (s) => s.shuffle(), check: (parts) => parts.every((p) => p.length > 50) },
    global: { partition: (s) => s.global(), check: (parts) => parts[0]!.length === COUNT },
    custom: {
      partition: (s) =>
        s.partitionCustom(
          (key, n) => (Number(key) * 3) % n,
          (value) => value % 2,
        ),
      check: ([p0, p1, p2, p3]) =>
        p0!.every((v) => v % 2 === 0) &&
        p3!.every((v) => v % 2 === 1) &&
        p1!.length + p2!.length === 0,
    },
  }
  await withCluster(t, { numberOfTaskSlotsPerTaskManager: 4 }, async ({ cluster, stdout }) => {
    for (const [name, { partition, check }] of Object.entries(cases)) {
      stdout.lines.length = 0
      const job = await cluster.submitJob(
        await record((env) => {
          const source = env.fromSequence(1, COUNT).setParallelism(2)
          partition(source)
            .map((v) => v)
            .setParallelism(4)
            .disableChaining()
            .print()
            .setParallelism(4)
        }),
      )
      await job.result()
      const parts = [1, 2, 3, 4].map((subtask) => partOf(stdout.lines, subtask))
      t.equal(sum(parts.flat()), (COUNT * (COUNT + 1)) / 2, `${name}: nothing lost, nothing twice`)
      t.ok(check(parts), `${name}: ${parts.map((p) => p.length)}`)
    }

    stdout.lines.length = 0
    const job = await cluster.submitJob(
      await record((env) => {
        env.fromSequence(1, 10).setParallelism(1).broadcast().print().setParallelism(3)
      }),
    )
    await job.result()
    for (const subtask of [1, 2, 3]) t.equal(sum(partOf(stdout.lines, subtask)), 55, 'broadcast')

    stdout.lines.length = 0
    const forward = await cluster.submitJob(
      await record((env) => {
        const source = env.fromSequence(1, 100).setParallelism(2)
        source
          .forward()
          .map((v) => -v)
          .setParallelism(2)
          .disableChaining()
          .print()
          .setParallelism(2)
      }),
    )
    await forward.result()
    t.equal(sum([1, 2].flatMap((subtask) => partOf(stdout.lines, subtask))), -5050, 'forward')

    stdout.lines.length = 0
    const union = await cluster.submitJob(
      await record((env) => {
        const [a, b] = [env.fromSequence(1, 10), env.fromElements(100, 200)]
        a.union(b, env.fromSequence(1000, 1001))
          .map((v) => v)
          .setParallelism(1)
          .print()
          .setParallelism(1)
      }),
    )
    await union.result()
    t.equal(sum(stdout.lines.map(Number)), 55 + 300 + 2001, 'union')
  })
})
