import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { threadCount } from './support/processes.js'
import { PROJECT_FOLDER, program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { until } from './support/until.js'
import {
  countWords,
  finalCounts,
  generateText,
  outputLines,
  runningCounts,
} from './support/words.js'

const WORD_COUNT = join(PROJECT_FOLDER, 'packages/examples/src/wordcount.ts')
const DATA = join(PROJECT_FOLDER, 'packages/examples/data')

t.setTimeout(600_000)

for (const [taskManagers, slots] of [
  [1, 4],
  [2, 2],
] as const) {
  t.test(
    `WordCount on ${taskManagers} TaskManager(s): its output equals an independent count`,
    async (t) => {
      const cluster = await TestCluster.start(t, { taskManagers, slots })
      const text = generateText(taskManagers, 4000)
      const input = cluster.write('input.txt', text)
      const counts = countWords(text)
      for (const parallelism of [1, 2, 4]) {
        for (const mode of ['streaming', 'batch']) {
          const name = `parallelism ${parallelism}, ${mode}`
          const output = join(cluster.folder, `output-${parallelism}-${mode}`)
          const { code, stdout, stderr } = await cluster.flink(
            ...['run', '-p', String(parallelism), WORD_COUNT],
            ...['--input', input, '--output', output, '--execution-mode', mode],
          )
          t.equal(code, 0, `${name}: ${stderr}`)
          t.match(
            stdout,
            /^Job has been submitted with JobID [0-9a-f]{32}\nProgram execution finished\nJob with JobID [0-9a-f]{32} has finished\.\nJob Runtime: \d+ ms\n/,
          )
          const expected = mode === 'batch' ? finalCounts(counts) : runningCounts(counts)
          const lines = outputLines(output)
          t.equal(lines.length, expected.length, `${name}: number of lines`)
          t.ok(lines.join('\n') === expected.join('\n'), `${name}: every line`)
        }
      }
    },
  )
}

t.test('two TaskManagers of two slots', async (t) => {
  const cluster = await TestCluster.start(t)

  await t.test('WordCount counts the text that the repository ships', async (t) => {
    const name = readdirSync(DATA).find((file) => file.endsWith('.txt'))!
    const input = join(DATA, name)
    const output = join(cluster.folder, 'shipped')
    const { code, stderr } = await cluster.flink(
      ...['run', '-p', '4', WORD_COUNT],
      ...['--input', input, '--output', output, '--execution-mode', 'batch'],
    )
    t.equal(code, 0, stderr)
    const expected = finalCounts(countWords(readFileSync(input, 'utf8')))
    t.ok(outputLines(output).join('\n') === expected.join('\n'))
  })

  await t.test(
    'at parallelism 4 records cross processes by TCP, and each task has a thread',
    async (t) => {
      const server = await startTextServer(t)
      const pids = cluster.pids('taskexecutor')
      const threadsBefore = pids.map(threadCount)
      const jobId = await cluster.submit('-p', '4', program('socket-words.ts'), String(server.port))
      const job = await cluster.untilStatus(jobId, 'RUNNING')
      const tasks = job.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0)
      // While a worker starts it has a helper thread for a moment.
      await until('the threads are as many as the tasks', () => {
        const added = pids.map((pid, n) => threadCount(pid) - threadsBefore[n]!)
        return added.reduce((sum, n) => sum + n, 0) === tasks
      })
      t.pass(`${tasks} tasks have a thread each`)

      server.send(generateText(7, 2000))
      const [source, counter] = job.vertices
      const producers = await cluster.rest.vertexDetails(jobId, source!.id)
      const consumers = await cluster.rest.vertexDetails(jobId, counter!.id)
      const home = producers.subtasks[0]!['taskmanager-id']
      t.equal(new Set(consumers.subtasks.map((s) => s['taskmanager-id'])).size, 2)
      for (const { subtask, 'taskmanager-id': place } of consumers.subtasks) {
        const [way, other] = place === home ? ['Local', 'Remote'] : ['Remote', 'Local']
        const ids = [way, other].map(
          (w) => `Shuffle.Netty.Output.0.channel${subtask}.numBytesOut${w}`,
        )
        const values = await until(`bytes went out on channel ${subtask}`, async () => {
          const metrics = await cluster.rest.subtaskMetrics(jobId, source!.id, 0, ids)
          const value = (id: string) => metrics.find((m) => m.id === id)?.value
          return Number(value(ids[0]!)) > 1000 ? [value(ids[0]!), value(ids[1]!)] : undefined
        })
        t.equal(values[1], undefined, `channel ${subtask} is ${way} only, ${values[0]} bytes`)
        const [received] = await until(`bytes came in at ${subtask}`, async () => {
          const id = `Shuffle.Netty.Input.numBytesIn${way}`
          const metrics = await cluster.rest.subtaskMetrics(jobId, counter!.id, subtask, [id])
          return Number(metrics[0]?.value) > 1000 ? metrics : undefined
        })
        t.ok(received)
      }
      await cluster.cancel(jobId)
      await until('the threads of the tasks are gone', () =>
        pids.every((pid, i) => threadCount(pid) === threadsBefore[i]),
      )
    },
  )
})
