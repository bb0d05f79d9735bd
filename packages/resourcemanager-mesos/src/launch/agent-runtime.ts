import type { CommandUri } from '@flink-ts/mesos-client'

/** Names in the folder of a task. */
export const HOME_FOLDER = 'flink-ts'
export const NODE_FILE = 'node'

/** Where a task finds Node.js and the installation. */
export interface AgentRuntime {
  /** Folder on the agents, or in the image; undefined: it is fetched. */
  readonly homePath: string | undefined
  readonly nodePath: string | undefined
  /** What is fetched for it. */
  readonly uris: readonly CommandUri[]
}
