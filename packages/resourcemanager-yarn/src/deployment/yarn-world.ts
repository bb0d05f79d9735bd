import type { FileSystems } from '@flink-ts/core'
import type { KnownDigests, packInstallation } from '@flink-ts/installation'
import type { ClusterDescriptorContext } from '@flink-ts/runtime'
import type { HttpTransport } from '../rest/http-transport.js'
import type { ResourceManagerClient } from '../rest/resource-manager-client.js'
import type { StagedFiles } from '../staging/staged-files.js'
import type { StagingArea } from '../staging/staging-area.js'
import type { YarnEnvironment } from './yarn-environment.js'

/** What deployments work with. */
export interface YarnWorld {
  readonly context: ClusterDescriptorContext
  readonly yarn: YarnEnvironment
  readonly transport: HttpTransport
  readonly fileSystems: FileSystems
  /** The program of Node.js that runs the client. */
  readonly nodeProgram: string
  readonly pack: typeof packInstallation
  /** Of what is shipped. */
  readonly digests: Pick<KnownDigests, 'of'>
}

/** How one application is reached. */
export interface ApplicationAccess {
  readonly resourceManager: ResourceManagerClient
  readonly files: StagedFiles
  readonly staging: StagingArea
}
