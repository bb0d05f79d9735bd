import { newHexId, SeededRandom } from '@flink-ts/core'
import type { RecordedJob } from '@flink-ts/runtime'
import type { TestingCluster } from './testing-cluster.js'

/** Keys of a job that takes checkpoints often, and goes on with the last of them after each of a few failures. */
export const CHECKPOINTED = {
  'execution.checkpointing.interval': '40 ms',
  'execution.checkpointing.dir': 'memory:///cp',
  'execution.checkpointing.tolerable-failed-checkpoints': '1000',
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '5',
  'restart-strategy.fixed-delay.delay': '10 ms',
}

/** Between two looks at what a cluster does. */
export async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5))
}

/** @returns where the savepoint is */
export async function stopWithSavepoint(
  { cluster }: TestingCluster,
  { jobGraph: { jobId } }: RecordedJob,
): Promise<string> {
  const dispatcher = await cluster.dispatcher()
  const triggerId = newHexId(new SeededRandom(1))
  const targetDirectory = 'memory:///sp'
  await dispatcher.stopWithSavepoint({
    jobId,
    triggerId,
    targetDirectory,
    drain: false,
    formatType: '',
  })
  for (;;) {
    const answer = await dispatcher.requestTriggeredOperation({ jobId, triggerId })
    if (answer.failureCause !== undefined) throw new Error(answer.failureCause.message)
    if (answer.location !== undefined) return answer.location
    await pause()
  }
}
