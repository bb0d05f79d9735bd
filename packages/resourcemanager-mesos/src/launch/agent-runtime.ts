import type { CommandUri } from '@flink-ts/mesos-client'

/** Names in the folder of a task. */
export const HOME_FOLDER = 'flink-ts'
export const NODE_FILE = 'node'
export const HOME_ARCHIVE = 'flink-ts.tgz'

/** Where a task finds Node.js and the installation. */
export interface AgentRuntime {
  /** Folder on the agents, or in the image; undefined: it is fetched. */
  readonly homePath: string | undefined
  readonly nodePath: string | undefined
  /** What is fetched for it. */
  readonly fetched: readonly FetchedFile[]
}

/** What the agent brings into the folder of a task. */
export interface FetchedFile {
  readonly uri: CommandUri & { readonly outputFile: string }
  /** SHA-256 in hexadecimal digits. */
  readonly digest: string
  /** Whether it is an archive that is to be unpacked there. */
  readonly isArchive: boolean
}

/** The same, each time from where it is served. */
export function pastCache(runtime: AgentRuntime): AgentRuntime {
  const fetched = runtime.fetched.map((file) => ({ ...file, uri: { ...file.uri, cache: false } }))
  return { ...runtime, fetched }
}
