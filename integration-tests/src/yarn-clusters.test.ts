import t from 'tap'
import { startHadoop } from './clusters/hadoop.js'
import { hadoopMissing } from './clusters/hadoop-jars.js'
import { YarnPlace } from './support/yarn-place.js'
import { testJobClusters } from './yarn/job-clusters.js'
import { testRefusals } from './yarn/refusals.js'
import { testSessions } from './yarn/sessions.js'
import { testShippedInstallation } from './yarn/shipped-installation.js'

// Minutes on a quiet machine.
t.setTimeout(1_200_000)

t.test('clusters on a real YARN', { skip: hadoopMissing() ?? false }, async (t) => {
  const hadoop = await startHadoop({
    // Copying Node.js to a node counts as silence of the ApplicationMaster; a busy machine takes its time for it.
    applicationMasterExpiryMs: 120_000,
  })
  t.teardown(() => hadoop.stop())
  const place = new YarnPlace(t, hadoop)
  await testSessions(t, place)
  await testJobClusters(t, place)
  await testRefusals(t, place)
  await testShippedInstallation(t, hadoop)
})
