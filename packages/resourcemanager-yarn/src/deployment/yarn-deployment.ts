import type { LocalResource } from '@flink-ts/hadoop-rpc'

/** Name, in the folder of the ApplicationMaster's container, of the file with the {@link YarnDeployment}. */
export const DEPLOYMENT_FILE = 'yarn-deployment.json'

/**
 * What whoever deploys an application leaves to its ApplicationMaster: how TaskManagers start, and what is to be removed in the end.
 * JSON in {@link DEPLOYMENT_FILE}; holds no secret.
 */
export interface YarnDeployment {
  readonly formatVersion: 1
  readonly applicationId: string
  /** URL of the application's folder, `…/.flink-ts/<application id>`; removed with the application. Absent: there is none. */
  readonly stagingFolder?: string
  /** Path of node as commands of containers name it, such as `/usr/bin/node` or `./node`. */
  readonly nodePath: string
  /** Folder of the installation as commands of containers name it, such as `./flink-ts` or `/opt/flink-ts`. */
  readonly homePath: string
  /** Folder of the modules with which processes start (`task-manager.js` and the like), in the same form. */
  readonly mainsPath: string
  /** Of TaskManagers: installation, configuration, secret, shipped files; by their names in the container. */
  readonly localResources: Readonly<Record<string, LocalResource>>
  /** Of TaskManagers, `containerized.taskmanager.env.*` among it. */
  readonly environment: Readonly<Record<string, string>>
  /** `host:port` of the schedulers (8030), one for each ResourceManager. */
  readonly schedulerAddresses: readonly string[]
}
