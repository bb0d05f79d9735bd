import type { ClusterHandle } from '@flink-ts/runtime'
import type { Terminal } from '../terminal/terminal.js'

/** A cluster that was killed could not remove its files: whoever deployed it does. One that still runs is left alone. */
export async function removeLeftOvers(handle: ClusterHandle, terminal: Terminal): Promise<void> {
  try {
    if ((await handle.report()).state === 'ENDED') await handle.kill()
  } catch (error) {
    terminal.err(`Files of ${handle.clusterId} may be left over: ${(error as Error).message}`)
  }
}
