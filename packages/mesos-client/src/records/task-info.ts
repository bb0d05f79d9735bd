import type { JsonObject } from './json.js'
import type { MesosRange } from './resources.js'

/** A part of a resource that was offered. */
export interface TakenResource {
  readonly name: string
  readonly scalar?: number
  readonly ranges?: readonly MesosRange[]
  readonly set?: readonly string[]
  /** `wire` of the offered resource that it is cut from. */
  readonly from: JsonObject
}

/** A file that the agent fetches into the sandbox before the task starts. */
export interface CommandUri {
  readonly value: string
  /** Whether an archive is unpacked. */
  readonly extract: boolean
  readonly executable?: boolean
  /** Whether the agent keeps it for other tasks. */
  readonly cache?: boolean
  /** Name in the sandbox; otherwise the last part of the URI. */
  readonly outputFile?: string
}

export interface CommandInfo {
  /** True: `value` is a line for /bin/sh. False: a program, and `arguments` begins with its own name. */
  readonly shell: boolean
  readonly value?: string
  readonly arguments?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly user?: string
  readonly uris: readonly CommandUri[]
}

export interface MesosVolume {
  readonly containerPath: string
  readonly hostPath?: string
  readonly mode: 'RO' | 'RW'
}

export interface ContainerInfo {
  readonly type: 'MESOS' | 'DOCKER'
  /** Needed for DOCKER. */
  readonly image?: string
  readonly forcePullImage?: boolean
  readonly volumes: readonly MesosVolume[]
  /** Words for `docker run`, DOCKER alone. */
  readonly parameters?: readonly { readonly key: string; readonly value: string }[]
  readonly network?: 'HOST' | 'BRIDGE' | 'NONE'
}

/** A command that is run with some resources of an offer. */
export interface TaskInfo {
  readonly taskId: string
  readonly name: string
  readonly agentId: string
  readonly resources: readonly TakenResource[]
  readonly command: CommandInfo
  readonly container?: ContainerInfo
  readonly labels: Readonly<Record<string, string>>
  /** Between the wish to end it and the force. */
  readonly killGracePeriodMs?: number
}
