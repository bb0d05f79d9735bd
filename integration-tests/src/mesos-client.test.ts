import t from 'tap'
import { startMesos } from './clusters/mesos.js'
import { mesosMissing } from './clusters/mesos-programs.js'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import { testContainers } from './mesos/client-containers.js'
import { testFrameworks } from './mesos/client-frameworks.js'
import { testMaintenance } from './mesos/client-maintenance.js'
import { testMasterFailover } from './mesos/client-masters.js'
import { clientPlace, PRINCIPAL, ROLE, SECRET } from './mesos/client-place.js'
import { testOffersAndTasks } from './mesos/client-tasks.js'

t.setTimeout(600_000)

t.test('mesos-client and a real master', { skip: mesosMissing() ?? false }, async (t) => {
  const reserved = `cpus(${ROLE}):2;mem(${ROLE}):512`
  const mesos = await startMesos({
    agents: [
      {
        resources: `cpus:4;mem:2048;disk:10000;${reserved}`,
        attributes: 'rack:r1;weight:2.5',
      },
    ],
    credentials: { [PRINCIPAL]: SECRET },
    masterFlags: { roles: ROLE },
  })
  t.teardown(() => mesos.stop())
  const place = clientPlace(t, mesos)
  await testFrameworks(t, place)
  await testContainers(t, place)
  await testMaintenance(t, place)
  await testOffersAndTasks(t, place)
})

const missing = mesosMissing() ?? zookeeperMissing()

t.test('mesos-client and masters that elect one', { skip: missing ?? false }, async (t) => {
  const zooKeeper = await startZooKeeper()
  t.teardown(() => zooKeeper.close())
  const mesos = await startMesos({ masters: 3, zooKeeper: zooKeeper.connectString })
  t.teardown(() => mesos.stop())
  await testMasterFailover(t, mesos)
})
