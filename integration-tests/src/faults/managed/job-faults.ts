import type { Fault } from '../fault.js'
import { failCommit, ordered, throwInFunction } from '../function-faults.js'
import { cancelAndRestore, stopAndRescale } from '../restore-faults.js'
import type { ManagedCluster } from './managed-cluster.js'
import type { ManagedJob } from './managed-job.js'

/** Faults of the job itself, and clusters that one job has after the other. */
export const JOB_FAULTS: readonly Fault<ManagedCluster, ManagedJob>[] = [
  throwInFunction(1),
  failCommit(2),
  {
    name: 'kill-in-commit',
    weight: 2,
    restarts: true,
    inject: (context) => ordered(context, 'fail-commit', 'kill'),
  },
  cancelAndRestore(1),
  stopAndRescale(1),
]
