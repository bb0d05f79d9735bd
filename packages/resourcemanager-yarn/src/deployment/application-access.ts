import { YarnOptions } from '@flink-ts/core'
import { ResourceManagerClient } from '../rest/resource-manager-client.js'
import { StagedFiles } from '../staging/staged-files.js'
import { StagingArea } from '../staging/staging-area.js'
import type { ApplicationAccess, YarnWorld } from './yarn-world.js'

/** @param signal when aborted, requests and uploads end; undefined: for what must be done then */
export function applicationAccess(
  { context, yarn, transport, fileSystems }: YarnWorld,
  signal: AbortSignal | undefined,
): ApplicationAccess {
  const { clock, random, log, configuration } = context
  const replication = configuration.get(YarnOptions.FILE_REPLICATION)
  const files = new StagedFiles(fileSystems, {
    ...(replication > 0 ? { replication } : {}),
    ...(signal === undefined ? {} : { signal }),
  })
  return {
    resourceManager: new ResourceManagerClient(
      { addresses: yarn.resourceManagers, userName: yarn.userName, transport, clock, log },
      signal,
    ),
    files,
    staging: new StagingArea({
      base: yarn.stagingBase,
      isConfigured: yarn.isStagingConfigured ?? false,
      files,
      userName: yarn.userName,
      clock,
      random,
      log,
    }),
  }
}
