import type { ClusterHandle } from '@flink-ts/runtime'
import type { ActionContext } from '../action.js'

/**
 * Waits until the JobManager of a cluster that was just deployed answers, and says where it is. A cluster that does not come
 * up is ended.
 *
 * @param whenReady what is waited for then, before the cluster counts as up
 */
export async function whenUp(
  handle: ClusterHandle,
  { terminal }: Pick<ActionContext, 'terminal'>,
  signal: AbortSignal,
  whenReady: () => Promise<void> = async () => {},
): Promise<ClusterHandle> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  try {
    const { webInterfaceUrl, restAddress } = await Promise.race([handle.whenRunning(), aborted])
    const url = webInterfaceUrl ?? (restAddress === undefined ? undefined : `http://${restAddress}`)
    terminal.err(`${handle.clusterId} runs.${url === undefined ? '' : ` JobManager: ${url}`}`)
    await Promise.race([whenReady(), aborted])
    return handle
  } catch (error) {
    await handle
      .kill()
      .catch(({ message }: Error) =>
        terminal.err(`${handle.clusterId} may still run, it could not be ended: ${message}`),
      )
    throw error
  }
}
