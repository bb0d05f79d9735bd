import type { Test } from 'tap'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'

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

  await mesosTest(t, place, 'per job: cancelled from outside', async (t) => {
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
    t.equal((await place.flink('cancel', job.jid)).code, 0)
    t.equal((await command.result()).code, 0)
  })
}
