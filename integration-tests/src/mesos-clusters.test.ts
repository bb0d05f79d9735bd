import t from 'tap'
import { startMesos } from './clusters/mesos.js'
import { mesosMissing } from './clusters/mesos-programs.js'
import { testFetching } from './mesos/fetching.js'
import { testJobClusters } from './mesos/job-clusters.js'
import { MesosPlace } from './mesos/mesos-place.js'
import { testPlacement } from './mesos/placement.js'
import { testRefusals } from './mesos/refusals.js'
import { testSessions } from './mesos/sessions.js'

const RESOURCES = 'cpus:8;mem:8192;disk:20000;network:1000'

// Minutes on a quiet machine.
t.setTimeout(900_000)

t.test('clusters on a real Mesos', { skip: mesosMissing() ?? false }, async (t) => {
  const mesos = await startMesos({
    agents: [
      { resources: RESOURCES, attributes: 'rack:r1' },
      { resources: RESOURCES, attributes: 'rack:r2' },
    ],
  })
  t.teardown(() => mesos.stop())
  const place = await MesosPlace.prepare(t, mesos)
  await testSessions(t, place)
  await testJobClusters(t, place)
  await testRefusals(t, place)
  await testPlacement(t)
  await testFetching(t, mesos)
})
