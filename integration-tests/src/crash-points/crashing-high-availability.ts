/**
 * A kind of high availability for tests (`high-availability.type` names this module): ZooKeeper's, whose leading JobManager dies
 * at a step that {@link CrashOrder} names. Without an order it is ZooKeeper's.
 */
import { LocalFileSystem } from '@flink-ts/core'
import {
  createZooKeeperLeaderRetrieval,
  ZooKeeperHaServices,
  zooKeeperHaSettings,
} from '@flink-ts/ha-zookeeper'
import type { HighAvailabilityContext } from '@flink-ts/runtime'
import {
  NodeZooKeeperClient,
  type ZooKeeperOperation,
  type ZooKeeperOperationResult,
} from '@flink-ts/zookeeper-client'
import { CrashSteps } from './crash-steps.js'

export const createLeaderRetrieval = createZooKeeperLeaderRetrieval

export function createHighAvailabilityServices(
  context: HighAvailabilityContext,
): ZooKeeperHaServices {
  const { configuration, fileSystems, clock, random, log } = context
  const steps = CrashSteps.ofThisProcess()
  const settings = zooKeeperHaSettings(configuration)
  const directory = settings.storageDirectory!
  watchFiles(steps)
  class CrashingZooKeeperClient extends NodeZooKeeperClient {
    override multi(operations: readonly ZooKeeperOperation[]): Promise<ZooKeeperOperationResult[]> {
      const what = operations.map(({ type, path }) => `${type} ${path}`).join(', ')
      return steps.around(what, () => super.multi(operations))
    }
  }
  const { quorum, sessionTimeoutMs, connectionTimeoutMs, authorization, acl } = settings
  return new ZooKeeperHaServices({
    ...context,
    zooKeeper: new CrashingZooKeeperClient({
      connectString: quorum,
      ...{ sessionTimeoutMs, connectionTimeoutMs, authorization, acl },
      ...{ clock, random, log },
    }),
    settings,
    storage: { fileSystem: fileSystems.forPath(directory), directory },
  })
}

/** All changes of files in this process, checkpoints among them. */
function watchFiles(steps: CrashSteps): void {
  const files = LocalFileSystem.prototype
  const { create, mkdirs, delete: remove, rename } = files
  files.create = async function (path, ...rest) {
    const stream = await steps.around(`create ${path}`, () => create.call(this, path, ...rest))
    const write = stream.write.bind(stream)
    stream.write = (bytes) => steps.around(`write ${path}`, () => write(bytes))
    return stream
  }
  files.mkdirs = function (path, ...rest) {
    return steps.around(`make folder ${path}`, () => mkdirs.call(this, path, ...rest))
  }
  files.delete = function (path, options) {
    return steps.around(`delete ${path}`, () => remove.call(this, path, options))
  }
  files.rename = function (from, to) {
    return steps.around(`rename ${from} to ${to}`, () => rename.call(this, from, to))
  }
}
