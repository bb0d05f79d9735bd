import type { Test } from 'tap'
import { ENDLESS, jobIdIn } from '../support/submitted-jobs.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import type { YarnPlace } from '../support/yarn-place.js'
import { containersIn, statusOf, transitionTime, untilRunning, yarnTest } from './observations.js'

/** Two of them do not fit on a node of 4 GiB that has a JobManager as well. */
const BIG_TASK_MANAGER = ['-D', 'taskmanager.memory.process.size=2560m']

/** Clusters of one job, and of one application. */
export async function testJobClusters(t: Test, place: YarnPlace): Promise<void> {
  const { hadoop, yarn } = place
  const test = (name: string, body: (t: Test) => Promise<void>) => yarnTest(t, place, name, body)
  const newest = async () => (await yarn.applications()).at(-1)!.id

  await test('per job, attached: its own cluster, which ends with it', async (t) => {
    const { code, stdout, stderr } = await place.flink(
      'run',
      '-t',
      'yarn-per-job',
      program('counting-jobs.ts'),
      '--count',
      '3',
    )
    t.equal(code, 0, stderr)
    t.match(stdout, /has finished/)
    const last = await newest()
    t.match(await place.untilEnded(last), { finalStatus: 'SUCCEEDED' })

    const [master, ...workers] = containersIn(hadoop, last)
    t.equal(workers.length, 1)
    t.ok(
      transitionTime(hadoop, master!, 'RUNNING') < transitionTime(hadoop, workers[0]!, 'ALLOCATED'),
      'the JobManager ran before there was a TaskManager',
    )
  })

  await test('per job, detached: YARN tells how it ended', async (t) => {
    for (const [mode, finalStatus, diagnostics] of [
      ['gathers', 'SUCCEEDED', /^/],
      ['fails', 'FAILED', /RangeError: no 1/],
    ] as const) {
      const result = await place.flink(
        'run',
        '-m',
        'yarn-cluster',
        '-d',
        '-Drestart-strategy.type=none',
        program('application.ts'),
        '--mode',
        mode,
      )
      t.equal(result.code, 0, result.stderr)
      const last = await newest()
      t.match(await place.untilEnded(last), { finalStatus, diagnostics })
    }
    const { stdout, stderr, code } = await place.flink(
      'run',
      '-t',
      'yarn-per-job',
      '-d',
      ...ENDLESS,
    )
    t.equal(code, 0, stderr)
    const jobId = jobIdIn(stdout)
    const last = await newest()
    const at = ['-t', 'yarn-per-job', `-Dyarn.application.id=${last}`]
    await untilRunning(place, last, jobId)
    t.match((await place.flink('list', ...at)).stdout, jobId)
    t.equal((await place.flink('cancel', ...at, jobId)).code, 0)
    t.match(await place.untilEnded(last), { finalStatus: 'KILLED' })
  })

  await test('an application: main() runs in the cluster', async (t) => {
    const run = (...args: string[]) =>
      place.flink('run-application', '-t', 'yarn-application', ...args)
    const { code, stderr } = await run(program('counting-jobs.ts'), '--count', '3')
    t.equal(code, 0, stderr)
    const last = await newest()
    t.match(await place.untilEnded(last), { finalStatus: 'SUCCEEDED' })
    const texts = [...place.logs(last).values()].join('\n')
    t.match(texts, /second saw 6/, 'what main() printed is in the log of its container')

    const failing = await run(program('application.ts'), '--mode', 'throws')
    t.equal(failing.code, 0, failing.stderr)
    const failed = await newest()
    t.match(await place.untilEnded(failed), {
      finalStatus: 'FAILED',
      diagnostics: /main is wrong/,
    })
  })

  await test('more TaskManagers than fit: the job waits, and fails with figures', async (t) => {
    const { stdout, stderr } = await place.flink(
      'run',
      '-t',
      'yarn-per-job',
      '-d',
      ...BIG_TASK_MANAGER,
      '-p',
      '3',
      // TaskManagers that fit take more than ten seconds to start on a busy machine.
      '-Dslot.request.timeout=25 s',
      '-Drestart-strategy.type=none',
      ...ENDLESS,
    )
    const jobId = jobIdIn(stdout + stderr)
    const id = await newest()
    await until('as many as fit are there', async () => (await yarn.containers(id)).length === 3)
    t.not(await statusOf(place, id, jobId), 'FAILED', 'it waits')
    const { finalStatus, diagnostics } = await place.untilEnded(id)
    t.equal(finalStatus, 'FAILED')
    t.match(diagnostics, /25000 ms|25 s/, 'it says how long it waited')
    t.match(
      diagnostics,
      /\b3\b[\s\S]*\b2\b|\b2\b[\s\S]*\b3\b/,
      'and of how many slots how many there were',
    )
  })
}
