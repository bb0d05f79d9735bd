import t from 'tap'
import { startHadoop } from './clusters/hadoop.js'
import { hadoopMissing } from './clusters/hadoop-jars.js'
import { zookeeperMissing } from './clusters/zookeeper.js'
import { YarnPlace } from './support/yarn-place.js'
import { testContainerFailures } from './yarn/container-failures.js'
import { testDaemonFailures } from './yarn/daemon-failures.js'
import { testFaultRun } from './yarn/short-fault-run.js'

// Minutes on a quiet machine.
t.setTimeout(1_200_000)

const missing = hadoopMissing() ?? zookeeperMissing()

t.test('clusters on a YARN that fails', { skip: missing ?? false }, async (t) => {
  const hadoop = await startHadoop({
    nodeManagerExpiryMs: 5_000,
    // One container at a time: what is asked for together is spread over the nodes.
    capacityScheduler: {
      'yarn.scheduler.capacity.per-node-heartbeat.multiple-assignments-enabled': 'false',
    },
  })
  t.teardown(() => hadoop.stop())
  const place = new YarnPlace(t, hadoop)
  await testContainerFailures(t, place)
  await testDaemonFailures(t, place)
  await testFaultRun(t, hadoop)
})
