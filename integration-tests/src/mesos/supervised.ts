import type { Test } from 'tap'
import { CountedJob } from '../support/counted-job.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { jobSession, submitAndRun, untilTasks } from './observations.js'

const SECONDS = 3

/** JobManagers that somebody starts again, without high availability. */
export async function testSupervised(t: Test, place: MesosPlace): Promise<void> {
  const { mesos } = place
  const { operator } = mesos

  await mesosTest(
    t,
    place,
    'the framework is torn down from outside: the job goes on in another',
    async (t) => {
      const jobManager = await place.startSession()
      const job = await CountedJob.start(t, jobSession(place), SECONDS, true)
      const { id } = await place.framework()
      const before = await untilTasks(place, 2)
      await operator.tearDown(id)
      const other = await until('another framework is there', () => place.framework())
      t.not(other.id, id)
      await job.untilCheckpoint()
      await job.checkRows(t)
      const known = await operator.allTasks()
      for (const task of before)
        t.match(known.get(task)?.state, /KILLED|undefined/, 'its tasks were ended')
      t.equal((await place.shutDown(jobManager)).code, 0)
    },
  )

  await mesosTest(
    t,
    place,
    'with a file for its id the next JobManager is the same framework',
    async (t) => {
      place.configure({ 'mesos.framework-id-file': `file://${place.folder}/framework-id` })
      const first = await place.startSession()
      await submitAndRun(place, ...ENDLESS)
      const { id } = await place.framework()
      const [left] = await untilTasks(place, 1)
      first.kill('SIGKILL')
      await first.result()
      const second = await place.startSession()
      t.equal((await place.framework()).id, id)
      await until('what was left over is ended', () => mesos.taskProcesses(left).length === 0)
      await until('nothing runs', async () => (await place.tasks()).length === 0)
      t.equal((await place.shutDown(second)).code, 0)
    },
  )
}
