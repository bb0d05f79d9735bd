import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { MesosCluster } from '../clusters/mesos.js'
import { assemble, temporaryFolder } from '../support/installation.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { MesosPlace, mesosTest } from './mesos-place.js'
import { runningTasks, submitAndRun } from './observations.js'

/** Agents on which there is nothing of this project. */
export async function testFetching(t: Test, mesos: MesosCluster): Promise<void> {
  const home = join(temporaryFolder(t), 'flink-ts')
  const assembled = await assemble(home)
  if (assembled.code !== 0) throw new Error(assembled.stderr)
  const place = await MesosPlace.prepare(t, mesos, {}, home)

  await mesosTest(t, place, 'agents that have nothing fetch all from the JobManager', async (t) => {
    const jobManager = await place.startSession()
    await submitAndRun(place, ...ENDLESS)
    const [id] = await runningTasks(place)
    const { folder } = mesos.sandboxes().findLast(({ taskId }) => taskId === id)!
    const program = readlinkSync(`/proc/${place.taskManagerProcess(id!)}/exe`)
    t.equal(program.slice(0, folder.length), folder, 'it runs what was fetched into its sandbox')
    t.equal((await place.shutDown(jobManager)).code, 0)
  })
}
