import { cwd, env } from 'node:process'
import { createFileSystems, FlinkError, isHighlyAvailable, YarnOptions } from '@flink-ts/core'
import {
  createApplicationMasterClient,
  nodeManagerConnector,
  tokenOfKind,
} from '@flink-ts/hadoop-rpc'
import type { ResourceManagerDriver, ResourceManagerDriverContext } from '@flink-ts/runtime'
import { readContainerTokens, readDeployment } from '../container/deployment-file.js'
import { StagingFolder } from '../container/staging-folder.js'
import { YarnResourceManagerDriver } from './yarn-resource-manager-driver.js'

/**
 * How `entrypoint` gets the driver of a package that it loads by its name.
 *
 * @throws FlinkError FLINK_YARN_CONTAINER outside of the container of an ApplicationMaster
 */
export async function createResourceManagerDriver(
  context: ResourceManagerDriverContext,
): Promise<ResourceManagerDriver> {
  const { configuration, clock, random, log, addresses } = context
  const deployment = await readDeployment(cwd())
  const token = tokenOfKind(
    await readContainerTokens(env['HADOOP_TOKEN_FILE_LOCATION']),
    'YARN_AM_RM_TOKEN',
  )
  if (token === undefined || addresses === undefined) {
    throw new FlinkError(
      "Cannot start TaskManagers on YARN: 'resourcemanager.driver: yarn' is for JobManagers that YARN has started; deploy one with bin/yarn-session.sh",
      { code: 'FLINK_YARN_CONTAINER' },
    )
  }
  const world = { clock, random, log: log.child({ component: 'HadoopRpc' }) }
  const url = deployment.stagingFolder
  const folder =
    url === undefined
      ? undefined
      : new StagingFolder({ url, fileSystems: createFileSystems({ configuration, clock, random }) })
  return new YarnResourceManagerDriver({
    configuration,
    clock,
    log,
    deployment,
    protocol: createApplicationMasterClient({
      ...world,
      addresses: deployment.schedulerAddresses,
      token,
    }),
    connect: nodeManagerConnector(world),
    addresses,
    removeStagingFolder: async () => folder?.remove(log),
    isFirstAttempt: /_01_\d+$/.test(env['CONTAINER_ID'] ?? ''),
    mayBeFollowed:
      isHighlyAvailable(configuration) ||
      (configuration.get(YarnOptions.APPLICATION_ATTEMPTS) ?? 1) > 1,
  })
}
