import { adaptive } from './adaptive.js'
import { cancel, cancelChaos } from './cancel.js'
import { chaos, elasticChaos, leaderChaos } from './chaos.js'
import { checkpointFiles } from './checkpoint-files.js'
import { checkpoints } from './checkpoints.js'
import { drain } from './drain.js'
import { jobCluster } from './job-cluster.js'
import { jobManagerRestart } from './job-manager-restart.js'
import { lossyNetwork } from './lossy-network.js'
import { lostResults } from './lost-results.js'
import { mesosChaos } from './mesos.js'
import { notEnoughSlotsThenJoin } from './not-enough-slots.js'
import type { Scenario } from './scenario.js'
import { slotProfiles } from './slot-profiles.js'
import { slowNetwork } from './slow-network.js'
import { taskManagerCrash } from './task-manager-crash.js'
import { taskManagerPartition } from './task-manager-partition.js'
import { twoJobs } from './two-jobs.js'
import { wordCount } from './word-count.js'
import { zookeeper } from './zookeeper.js'

/** All scenarios of `npm run simulate`. */
export const SCENARIOS: readonly Scenario[] = [
  wordCount,
  taskManagerCrash,
  taskManagerPartition,
  slowNetwork,
  lossyNetwork,
  notEnoughSlotsThenJoin,
  twoJobs,
  cancel,
  drain,
  lostResults,
  jobManagerRestart,
  jobCluster,
  slotProfiles,
  adaptive,
  checkpoints,
  checkpointFiles,
  zookeeper,
  cancelChaos,
  chaos,
  leaderChaos,
  elasticChaos,
  mesosChaos,
]
