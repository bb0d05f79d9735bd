import { childPath, parentPath } from './paths.js'
import type { ZooKeeperClient } from './zookeeper-client.js'
import { ZooKeeperError } from './zookeeper-error.js'

/** Whoever removes parents, or adds children, as fast as they are made and removed here, wins after this many times. */
const MAX_ROUNDS = 10
const NO_DATA = new Uint8Array()

const isReason = (error: unknown, ...reasons: readonly string[]): error is ZooKeeperError =>
  error instanceof ZooKeeperError && reasons.includes(error.reason)

/** {@link ZooKeeperClient.createRecursive} by single calls. */
export async function createRecursively(
  client: Pick<ZooKeeperClient, 'create' | 'exists'>,
  path: string,
): Promise<void> {
  for (let round = 1; ; round++) {
    // Asked first: who may not create anything above may still use what is there.
    if ((await client.exists(path)) !== undefined) return
    try {
      await client.create(path, NO_DATA)
      return
    } catch (error) {
      if (isReason(error, 'node-exists')) return
      const parent = parentPath(path)
      if (!isReason(error, 'no-node') || parent === undefined || parent === '/') throw error
      if (round === MAX_ROUNDS) throw error
      await createRecursively(client, parent)
    }
  }
}

/** {@link ZooKeeperClient.removeRecursive} by single calls. */
export async function removeRecursively(
  client: Pick<ZooKeeperClient, 'getChildren' | 'remove'>,
  path: string,
): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      const { children } = await client.getChildren(path)
      await Promise.all(children.map((name) => removeRecursively(client, childPath(path, name))))
      await client.remove(path, -1)
      return
    } catch (error) {
      if (isReason(error, 'no-node')) return
      if (!isReason(error, 'not-empty') || round === MAX_ROUNDS) throw error
    }
  }
}
