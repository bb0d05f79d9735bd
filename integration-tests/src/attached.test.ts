import t from 'tap'
import type { Command } from './support/command.js'
import { jobIdIn } from './support/submitted-jobs.js'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const cluster = await TestCluster.start(t, { taskManagers: 1, slots: 4 })
const server = await startTextServer(t)
const args = [program('socket-words.ts'), String(server.port)]

/** `flink run` in attached mode, up to where its job runs. */
async function runAttached(...options: string[]): Promise<{ command: Command; jobId: string }> {
  const command = cluster.command('flink', ['run', ...options, ...args])
  const jobId = await until('the job is submitted', () => {
    return /JobID ([0-9a-f]{32})/.exec(command.stdout)?.[1]
  })
  await cluster.untilStatus(jobId, 'RUNNING')
  return { command, jobId }
}

t.test(
  'flink run, attached: reports each state of the job, and what it cost, at its end',
  async (t) => {
    const { code, stdout, stderr } = await cluster.flink('run', program('one-two-three.ts'))
    t.equal(code, 0)
    const id = jobIdIn(stdout)
    t.match(
      stdout,
      new RegExp(
        `^Job has been submitted with JobID ${id}\\nProgram execution finished\\n` +
          `Job with JobID ${id} has finished\\.\\nJob Runtime: \\d+ ms\\n\\n$`,
      ),
    )
    t.match(stderr, `Job ${id} switched to status FINISHED.\n`)
  },
)

t.test('flink run: Ctrl-C in attached mode leaves the job running', async (t) => {
  const { command, jobId } = await runAttached()
  command.kill('SIGINT')
  const { code, stderr } = await command.result()
  t.equal(code, 130)
  t.match(stderr, `Job ${jobId} goes on on the cluster; flink cancel ${jobId} ends it.`)
  t.match(await cluster.rest.jobDetails(jobId), { state: 'RUNNING' })
  await cluster.cancel(jobId)
})

t.test('flink run -sae: Ctrl-C in attached mode cancels the job', async (t) => {
  for (const option of ['-sae', '--shutdownOnAttachedExit']) {
    const { command, jobId } = await runAttached(option)
    command.kill('SIGINT')
    const { code, stderr } = await command.result()
    t.equal(code, 130)
    t.match(stderr, `Cancelled job ${jobId}.`)
    await cluster.untilStatus(jobId, 'CANCELED')
  }
})

t.test('flink run -sae: the job is cancelled when its client is killed', async (t) => {
  const { command, jobId } = await runAttached(
    ...['-sae', '-D', 'client.heartbeat.interval=500', '-D', 'client.heartbeat.timeout=6000'],
  )
  command.kill('SIGKILL')
  t.match(await command.result(), { signal: 'SIGKILL' })
  await cluster.untilStatus(jobId, 'CANCELED')
})

t.test('flink run, attached: a job that somebody cancels ends it with an error', async (t) => {
  const { command, jobId } = await runAttached()
  t.match(await cluster.flink('cancel', jobId), { code: 0 })
  const { code, stderr } = await command.result()
  t.equal(code, 1)
  t.match(stderr, `Job was cancelled (JobID: ${jobId})`)
})

t.test('flink run -d, list and cancel', async (t) => {
  const detached = await cluster.flink('run', '-d', '-p', '2', ...args)
  t.equal(detached.code, 0, detached.stderr)
  t.match(detached.stdout, /^Job has been submitted with JobID [0-9a-f]{32}\n$/)
  const jobId = jobIdIn(detached.stdout)
  await cluster.untilStatus(jobId, 'RUNNING')

  const line = new RegExp(
    `^\\d\\d\\.\\d\\d\\.\\d{4} \\d\\d:\\d\\d:\\d\\d : ${jobId} : socket words \\((\\w+)\\)$`,
    'm',
  )
  const list = async (...options: string[]) => (await cluster.flink('list', ...options)).stdout
  t.match(await list(), line)
  t.match(await list('-r'), line)
  t.notMatch(await list('-s'), jobId)
  t.match(await list('-s'), 'No scheduled jobs.')
  t.match(await list('-m', `127.0.0.1:${cluster.restPort}`), line)

  const cancelled = await cluster.flink('cancel', jobId)
  t.strictSame(cancelled, {
    code: 0,
    signal: null,
    stdout: `Cancelling job ${jobId}.\nCancelled job ${jobId}.\n`,
    stderr: '',
  })
  await cluster.untilStatus(jobId, 'CANCELED')
  t.notMatch(await list(), jobId)
  t.equal(line.exec(await list('-a'))?.[1], 'CANCELED')
  t.match(await cluster.flink('cancel', jobId), { code: 0 }, 'a cancelled job may be cancelled')
})

t.test('flink cancel: jobs that are not there, or have finished, are refused', async (t) => {
  const unknown = await cluster.flink('cancel', '0'.repeat(32))
  t.equal(unknown.code, 1)
  t.match(unknown.stderr, 'Job could not be found.')
  const jobId = await cluster.submit(program('one-two-three.ts'))
  await cluster.untilStatus(jobId, 'FINISHED')
  const finished = await cluster.flink('cancel', jobId)
  t.equal(finished.code, 1)
  t.match(finished.stderr, 'already reached another terminal state (FINISHED)')
})

t.test('flink run: -p and -D reach the program, which wins where it sets its own', async (t) => {
  const jobId = await cluster.submit('-p', '3', '-D', 'pipeline.name=ignored', ...args)
  const { name, vertices } = await cluster.untilStatus(jobId, 'RUNNING')
  t.equal(name, 'socket words')
  t.strictSame(
    vertices.map(({ parallelism }) => parallelism),
    [1, 3],
  )
  await cluster.cancel(jobId)
})
