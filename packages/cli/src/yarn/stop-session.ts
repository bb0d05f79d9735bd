import { FlinkError, userMessage } from '@flink-ts/core'
import type { ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import type { ActionContext } from '../actions/action.js'
import { connectToHandle } from '../targets/cluster-connection.js'

/** How long a session may take to end by itself. */
const PATIENCE_MS = 30_000

/** Ends a session: asks its JobManager to, and kills it if that does not help. */
export async function stopSession(
  handle: ClusterHandle,
  context: ActionContext,
): Promise<ClusterReport> {
  const { terminal, clock } = context
  terminal.err(`Stopping ${handle.clusterId}.`)
  try {
    await connectToHandle(handle, context).shutDownCluster()
  } catch (error) {
    if (FlinkError.is(error) && error.code === 'FLINK_CLUSTER_ENDED') return handle.whenEnded()
    terminal.err(`Its JobManager cannot be asked to end (${userMessage(error)}): killing it.`)
    await handle.kill()
    return handle.whenEnded()
  }
  let cancel = () => {}
  const patience = new Promise<undefined>((resolve) => {
    cancel = clock.schedule(PATIENCE_MS, () => resolve(undefined))
  })
  const ended = handle.whenEnded()
  const report = await Promise.race([ended, patience])
  cancel()
  if (report !== undefined) return report
  terminal.err(`It has not ended within ${PATIENCE_MS / 1000} s: killing it.`)
  await handle.kill()
  return ended
}
