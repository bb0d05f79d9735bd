import type { Clock, Random } from '@flink-ts/core'
import { fromErrorInfo } from '../messages/error-info.js'
import type { DispatcherGateway } from '../messages/messages.generated.js'
import type { SavepointRequest } from '../program/program-context.js'

const FIRST_POLL_MS = 5
const LAST_POLL_MS = 500

/**
 * Has a Dispatcher take a savepoint of a job, and waits for it.
 *
 * @returns the folder of the savepoint
 * @throws FlinkError why there is none, or why the job did not end with it
 */
export async function takeSavepoint(
  jobId: string,
  { directory, end }: SavepointRequest,
  world: { readonly dispatcher: DispatcherGateway; readonly clock: Clock; readonly random: Random },
): Promise<string> {
  const { dispatcher, clock, random } = world
  const triggerId = random.hex(16)
  const request = {
    jobId,
    triggerId,
    formatType: 'CANONICAL',
    ...(directory !== undefined && { targetDirectory: directory }),
  }
  if (end === 'suspend' || end === 'drain') {
    await dispatcher.stopWithSavepoint({ ...request, drain: end === 'drain' })
  } else await dispatcher.triggerSavepoint({ ...request, cancelJob: end === 'cancel' })
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_POLL_MS)) {
    const operation = await dispatcher.requestTriggeredOperation({ jobId, triggerId })
    if (operation.failureCause !== undefined) throw fromErrorInfo(operation.failureCause)
    if (operation.status === 'COMPLETED') return operation.location!
    await new Promise<void>((resolve) => clock.schedule(pauseMs, resolve))
  }
}
