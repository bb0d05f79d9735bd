import type { FileSystems, Logger } from '@flink-ts/core'
import { openStateHandle, type StateHandle } from '@flink-ts/state'
import { adoptMaxParallelism } from '../checkpoint/adopt-max-parallelism.js'
import { checkInFlight } from '../checkpoint/check-in-flight.js'
import { checkRestore } from '../checkpoint/check-restore.js'
import { checkStateTypes } from '../checkpoint/check-state-types.js'
import type { CheckpointConfiguration } from '../checkpoint/checkpoint-configuration.js'
import type { CompletedCheckpoint } from '../checkpoint/completed-checkpoint.js'
import type { JobGraph } from '../jobgraph/job-graph.js'

/**
 * Whether the job can begin with the checkpoint; takes over max parallelisms from it.
 *
 * @throws RestoreRefusedError, StateIncompatibleError
 */
export async function judgeRestore(
  { metadata, externalPath }: CompletedCheckpoint,
  {
    jobGraph,
    configuration,
    fileSystems,
    log,
  }: {
    /** Its vertices may change here: see {@link adoptMaxParallelism}. */
    readonly jobGraph: JobGraph
    readonly configuration: CheckpointConfiguration
    readonly fileSystems: FileSystems
    readonly log: Logger
  },
): Promise<void> {
  const allowNonRestoredState = configuration.restore?.allowNonRestoredState ?? false
  const path = externalPath
  const taken = checkRestore(metadata, jobGraph, { path, allowNonRestoredState })
  const open = (handle: StateHandle) => openStateHandle(fileSystems, handle)
  await checkStateTypes(metadata.operators, jobGraph, {
    open,
    onUnreadable: (error) => log.warn('Cannot read the types of stored state', { error }),
  })
  if (!allowNonRestoredState) {
    await checkInFlight(metadata.operators, jobGraph, {
      ...{ path, open },
      onUnreadable: (error) => log.warn('Cannot read what was in flight', { error }),
    })
  }
  adoptMaxParallelism(jobGraph, taken)
}
