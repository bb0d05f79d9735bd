import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readRows } from './faults/read-output.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

/** Lines that nobody else has. */
const linesOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${name} ${i}`)

t.test(
  'FileSource and FileSink: files that appear are copied once, also by a job that is restored at another parallelism',
  async (t) => {
    const cluster = await TestCluster.start(t, { taskManagers: 2, slots: 1 })
    const folders = ['in', 'out', 'checkpoints'].map((name) => join(cluster.folder, name))
    const [input, output, checkpoints] = folders as [string, string, string]
    mkdirSync(input)
    const written: string[] = []
    const write = (name: string, count: number) => {
      const lines = linesOf(name, count)
      written.push(...lines)
      // A file must be complete when it gets its name.
      writeFileSync(join(input, `${name}.part`), `${lines.join('\n')}\n`)
      renameSync(join(input, `${name}.part`), join(input, `${name}.txt`))
    }
    const copied = async () => {
      const rows: string[] = []
      await readRows(output, (row) => void rows.push(row))
      return rows.sort()
    }
    const submit = (parallelism: number, ...options: string[]) =>
      cluster.submit(
        ...['-p', String(parallelism), '-D', 'execution.checkpointing.interval=200ms', ...options],
        ...['-D', `execution.checkpointing.dir=file://${checkpoints}`],
        '-D',
        'execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION',
        ...[program('copies-lines.ts'), input, output],
      )
    const allCopied = () =>
      until('all is copied', async () => (await copied()).length >= written.length)

    write('a', 5000)
    write('b', 10)
    const first = await submit(1)
    await allCopied()
    write('c', 100)
    await allCopied()
    t.strictSame(await copied(), [...written].sort())

    const { code, stdout, stderr } = await cluster.flink('stop', '-p', checkpoints, first)
    t.equal(code, 0, stderr)
    const savepoint = /Path: (\S+)/.exec(stdout)![1]!
    write('d', 5000)
    const second = await submit(2, '-s', savepoint)
    await allCopied()
    write('e', 10)
    await allCopied()
    t.strictSame(await copied(), [...written].sort())
    await cluster.cancel(second)
  },
)
