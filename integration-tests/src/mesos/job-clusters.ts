import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { checkOutput } from '../faults/check-output.js'
import type { Command } from '../support/command.js'
import { CountedJob, type JobSession } from '../support/counted-job.js'
import { killHard } from '../support/processes.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { jobSession, runningTasks, untilTasks } from './observations.js'
import { checkClosedToStrangers, checkSecretsAreNowhere, PASSWORD } from './secrets.js'

/** That the counted job takes after all has happened. */
const SECONDS = 3

/** Clusters of one job: `mesos-appmaster-job.sh`. */
export async function testJobClusters(t: Test, place: MesosPlace): Promise<void> {
  const { operator } = place.mesos
  await mesosTest(t, place, 'per job: a cluster that ends with its job', async (t) => {
    for (const [mode, expected] of [
      ['gathers', 0],
      ['fails', 163],
    ] as const) {
      const before = (await operator.completedFrameworks()).length
      const { code, stdout, stderr } = await place
        .launch(
          'mesos-appmaster-job.sh',
          '-Drestart-strategy.type=none',
          program('application.ts'),
          '--mode',
          mode,
        )
        .result()
      t.equal(code, expected, `${mode}: ${stdout}${stderr}`)
      t.equal((await operator.completedFrameworks()).length, before + 1, 'its framework has ended')
      t.strictSame(await operator.tasks(), [])
      if (mode === 'fails') t.match(stdout + stderr, /no 1/, 'it says why')
    }
  })

  await mesosTest(
    t,
    place,
    'per job: a TaskManager is killed, every row is there once',
    async (t) => {
      let command: Command | undefined
      const session = startedFor(place, (started) => {
        command = started
      })
      const job = await CountedJob.start(t, session, SECONDS, true)
      const [first] = await untilTasks(place, 2)
      killHard(place.taskManagerProcess(first!))
      await until('it is replaced', async () => {
        const ids = await runningTasks(place)
        return ids.length === 2 && !ids.includes(first!)
      })
      await job.untilCheckpoint()
      job.revoke('trickle')
      const { code, stdout, stderr } = await command!.result()
      t.equal(code, 0, stdout + stderr)
      t.match(await checkOutput(job), { lost: 0, duplicated: 0, examples: [] }, 'each row once')
      t.strictSame(job.violations(), [])
    },
  )

  await mesosTest(t, place, 'per job: closed to strangers, cancelled from outside', async (t) => {
    place.configure({ 's3.secret-key': PASSWORD })
    const command = place.launch(
      'mesos-appmaster-job.sh',
      program('application.ts'),
      '--mode',
      'endless',
    )
    await place.untilServes(command)
    const job = await until('its job runs', async () => {
      const [found] = await place.rest.listJobs()
      return found?.state === 'RUNNING' && found
    })
    await untilTasks(place, 1)
    await checkClosedToStrangers(t, place)
    await checkSecretsAreNowhere(t, place, command)
    t.equal((await place.flink('cancel', job.jid)).code, 0)
    t.equal((await command.result()).code, 0)
  })
}

/** The cluster that is started when its job is submitted: what `flink run -d` has for options, its script has as well. */
function startedFor(place: MesosPlace, onStart: (command: Command) => void): JobSession {
  return {
    ...jobSession(place),
    async flink(action, ...words) {
      if (action !== 'run') return place.flink(action, ...words)
      const id = randomBytes(16).toString('hex')
      const own = words.filter((word) => word !== '-d')
      const command = place.launch('mesos-appmaster-job.sh', '--job-id', id, ...own)
      onStart(command)
      await place.untilServes(command)
      return { code: 0, signal: null, stdout: `JobID ${id}`, stderr: '' }
    },
  }
}
