import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import {
  type Configuration,
  CoreOptions,
  type Logger,
  type Random,
  StateBackendOptions,
  TaskManagerMemoryOptions,
} from '@flink-ts/core'
import {
  HashMapStateBackend,
  type KeyedStateBackend,
  type KeyedStateBackendOptions,
  type StateBackend,
  type StateBackendFactory,
} from '@flink-ts/state'
import {
  type ManagedMemoryCounters,
  reserveInSlot,
  slotMemory,
} from './memory/slot-managed-memory.js'
import type { SlotSharing } from './memory/slot-sharing.js'
import { StateBackendNotLoadedError } from './state-backend-not-loaded-error.js'

/** Packages of this project by the values of `state.backend.type` that they serve. */
const PACKAGES = { lsm: '@flink-ts/state-lsm', rocksdb: '@flink-ts/state-lsm' } as const

export interface TaskStateBackendOptions {
  /** The cluster's configuration with the job's over it. */
  readonly configuration: Configuration
  readonly random: Random
  readonly log: Logger
  /** Of the task and its slot. */
  readonly managedMemory: ManagedMemoryCounters
  /** Absent: the task has the slot for itself. */
  readonly sharing?: SlotSharing | undefined
  /** Finds a package by name; default `import`. */
  readonly loadModule?: (name: string) => Promise<unknown>
}

/** The state backend of a task: that of `state.backend.type`, loaded when the task is initialized. */
export class TaskStateBackend {
  readonly #options: TaskStateBackendOptions
  #backend: StateBackend | undefined

  constructor(options: TaskStateBackendOptions) {
    this.#options = options
  }

  /** Once. @throws StateBackendNotLoadedError (FLINK_STATE_BACKEND_NOT_LOADED) */
  async load(): Promise<void> {
    const { configuration, random, loadModule = (name) => import(name) } = this.#options
    const backend = configuration.get(StateBackendOptions.TYPE)
    if (backend === 'hashmap') {
      this.#backend = new HashMapStateBackend()
      return
    }
    const packageName = PACKAGES[backend]
    let module: { createStateBackend?: StateBackendFactory }
    try {
      module = (await loadModule(packageName)) as typeof module
    } catch (cause) {
      const why = (cause as Error).message
      throw new StateBackendNotLoadedError({ backend, packageName, why, cause })
    }
    if (typeof module.createStateBackend !== 'function') {
      const why = 'it exports no createStateBackend'
      throw new StateBackendNotLoadedError({ backend, packageName, why })
    }
    this.#backend = module.createStateBackend({
      configuration,
      random,
      directories: temporaryDirectories(configuration),
      reserveMemory: (leastBytes) => this.#reserveMemory(leastBytes),
    })
  }

  createKeyedStateBackend(options: KeyedStateBackendOptions): KeyedStateBackend {
    assert(this.#backend !== undefined, 'the state backend is loaded before operators are made')
    return this.#backend.createKeyedStateBackend(options)
  }

  /** A share of the slot's managed memory, or what is left of it. */
  #reserveMemory(leastBytes: number): number {
    const { managedMemory, sharing, configuration, log } = this.#options
    const { total } = slotMemory(managedMemory)
    const weights = configuration.get(TaskManagerMemoryOptions.MANAGED_MEMORY_CONSUMER_WEIGHTS)
    const weight = (kind: string) => Math.max(0, Number(weights.get(kind) ?? 0)) || 0
    const ofOperators = (sharing?.operatorWeight ?? 0) > 0 ? weight('OPERATOR') : 0
    const ofState = weight('STATE_BACKEND')
    const part = ofState === 0 ? 0 : ofState / (ofState + ofOperators)
    const backends = sharing?.numberOfStateBackends ?? sharing?.numberOfTasks ?? 1
    const share = Math.floor((total * part) / Math.max(1, backends))
    for (let bytes = share; bytes >= leastBytes; bytes = Math.floor(bytes / 2)) {
      if (reserveInSlot(managedMemory, bytes)) return bytes
    }
    log.warn('Keyed state uses more memory than its slot has managed memory for it', {
      shareBytes: share,
      usedBytes: leastBytes,
      slotBytes: total,
    })
    return leastBytes
  }
}

function temporaryDirectories(configuration: Configuration): string[] {
  const configured = configuration.get(CoreOptions.TMP_DIRS)?.split(/[,:]/) ?? []
  const folders = configured.filter((folder) => folder !== '')
  return folders.length === 0 ? [tmpdir()] : folders
}
