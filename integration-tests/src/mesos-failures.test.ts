import t from 'tap'
import { startMesos } from './clusters/mesos.js'
import { mesosMissing } from './clusters/mesos-programs.js'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import { highAvailability, testFailures, testRemovedFramework } from './mesos/failures.js'
import { testMarathon } from './mesos/marathon.js'
import { MesosPlace } from './mesos/mesos-place.js'
import { testSupervised } from './mesos/supervised.js'
import { temporaryFolder } from './support/installation.js'

// Minutes on a quiet machine.
t.setTimeout(900_000)

const missing = mesosMissing() ?? zookeeperMissing()

t.test('clusters on a Mesos that fails', { skip: missing ?? false }, async (t) => {
  const zooKeeper = await startZooKeeper()
  t.teardown(() => zooKeeper.close())
  const mesos = await startMesos({
    masters: 3,
    zooKeeper: zooKeeper.connectString,
    agents: [{}, {}, {}],
  })
  t.teardown(() => mesos.stop())
  const place = await MesosPlace.prepare(t, mesos, highAvailability(temporaryFolder(t), zooKeeper))
  await testFailures(t, place)
  await testRemovedFramework(t, place)
  const supervised = await MesosPlace.prepare(t, mesos)
  await testSupervised(t, supervised)
  await testMarathon(t, supervised)
})
