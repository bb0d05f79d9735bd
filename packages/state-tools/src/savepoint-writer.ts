import {
  type Clock,
  type FileSystems,
  newHexId,
  operatorIdOfUid,
  type Random,
  type SerializerRegistry,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import {
  type CheckpointMetadata,
  FileSystemCheckpointStorage,
  type OperatorState,
  type StateHandle,
  StateStreams,
} from '@flink-ts/state'
import { copyHandle, copyOperatorState } from './copy-operator-state.js'
import type { OperatorDefinition, OperatorTransformation } from './operator-definition.js'
import type { SavepointReader } from './savepoint-reader.js'
import { StateToolUsageError } from './state-tool-errors.js'
import { transformedOperator } from './transformed-operator.js'
import { type IdentifiedOperator, writeOperatorState } from './write-operator-state.js'

const DEFAULT_MAX_PARALLELISM = 128

export interface SavepointWriterOptions {
  readonly fileSystems: FileSystems
  /** Of operators that name none. Default 128. */
  readonly maxParallelism?: number
  /** Of the program's own classes, for `dynamic` states. */
  readonly serializers?: SerializerRegistry
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the machine's. */
  readonly random?: Random
  /** Smaller files go into `_metadata`. Default 20 KiB. */
  readonly inlineThresholdBytes?: number
}

type Plan =
  | { readonly kind: 'copy'; readonly operator: OperatorState }
  | { readonly kind: 'write'; readonly definition: () => Promise<IdentifiedOperator> }

/**
 * Makes a savepoint without a job: anew, or from another one with operators added, changed, renamed and removed. What is
 * written stands alone and is there whole or not at all; the one it was made from is not touched.
 *
 * @example
 * const reader = await SavepointReader.open('/savepoints/savepoint-1', { fileSystems })
 * await SavepointWriter.from(reader, { fileSystems })
 *   .transformOperator('counts', { keyed: (r) => ({ ...r, value: Number(r.value) * 2 }) })
 *   .removeOperator('old-sink')
 *   .write('/savepoints/changed')
 */
export class SavepointWriter {
  readonly #options: SavepointWriterOptions
  readonly #source: SavepointReader | undefined
  /** By operator id. */
  readonly #plans: Map<string, Plan>

  private constructor(options: SavepointWriterOptions, source?: SavepointReader) {
    this.#options = options
    this.#source = source
    this.#plans = new Map(
      source?.operators.map((operator) => [operator.operatorId, { kind: 'copy', operator }]),
    )
  }

  /** A savepoint with nothing in it. */
  static create(options: SavepointWriterOptions): SavepointWriter {
    return new SavepointWriter(options)
  }

  /** A savepoint with all operators of another one. */
  static from(reader: SavepointReader, options: SavepointWriterOptions): SavepointWriter {
    return new SavepointWriter(options, reader)
  }

  /** Adds an operator. @throws StateToolUsageError if one with this uid is there */
  withOperator(definition: OperatorDefinition): this {
    const id = operatorIdOfUid(definition.uid)
    if (this.#plans.has(id)) {
      throw new StateToolUsageError(
        `Cannot add operator '${definition.uid}': there is one already; remove it first, or transform it`,
      )
    }
    const { uid, name = uid, ...content } = definition
    const identified = { ...content, operatorId: id, operatorUid: uid, operatorName: name }
    this.#plans.set(id, { kind: 'write', definition: async () => identified })
    return this
  }

  /** Leaves an operator of the source out. @throws UnknownOperatorError */
  removeOperator(name: string): this {
    this.#plans.delete(this.#existing(name).operatorId)
    return this
  }

  /** Gives an operator of the source another uid, so that another operator of the program takes its state. */
  renameOperator(name: string, uid: string): this {
    const operator = this.#existing(name)
    const id = operatorIdOfUid(uid)
    if (this.#plans.has(id)) {
      throw new StateToolUsageError(
        `Cannot rename '${name}' to '${uid}': there is such an operator`,
      )
    }
    this.#plans.delete(operator.operatorId)
    this.#plans.set(id, {
      kind: 'copy',
      operator: { ...operator, operatorId: id, operatorUid: uid },
    })
    return this
  }

  /**
   * Changes the state of an operator of the source record by record.
   *
   * @throws UnknownOperatorError
   */
  transformOperator(name: string, transformation: OperatorTransformation): this {
    const operator = this.#existing(name)
    const source = this.#source!
    this.#plans.set(operator.operatorId, {
      kind: 'write',
      definition: () => transformedOperator(source, operator, transformation),
    })
    return this
  }

  /**
   * Writes all. Once.
   *
   * @param path of a folder that is not there, or empty
   * @returns what `_metadata` says
   * @throws StateToolUsageError (FLINK_STATE_TOOL_USAGE) if something is there; DuplicateKeyError, UnknownStateError, StateValueError
   */
  async write(path: string): Promise<CheckpointMetadata> {
    const { fileSystems, serializers, inlineThresholdBytes } = this.#options
    const { clock = new SystemClock(), random = new SystemRandom() } = this.#options
    const directory = path.replace(/(?<=[^/])\/+$/, '')
    await this.#requireEmpty(directory)
    const jobId = this.#source?.metadata.jobId ?? newHexId(random)
    const storage = new FileSystemCheckpointStorage({ fileSystems, random, jobId })
    const location = { directory, sharedDirectory: directory }
    const streams = new StateStreams({
      fileSystems,
      random,
      location,
      ...(inlineThresholdBytes !== undefined && { inlineThresholdBytes }),
    })
    const { maxParallelism = DEFAULT_MAX_PARALLELISM } = this.#options
    const context = {
      streams,
      maxParallelism,
      ...(serializers && { serializers }),
      copy: (handle: StateHandle) => copyHandle(handle, { fileSystems, streams }),
    }
    await fileSystems.forPath(directory).mkdirs(directory)
    try {
      const operators: OperatorState[] = []
      for (const plan of this.#plans.values()) {
        operators.push(
          plan.kind === 'copy'
            ? await copyOperatorState(plan.operator, { fileSystems, streams })
            : await writeOperatorState(await plan.definition(), context),
        )
      }
      const metadata: CheckpointMetadata = {
        jobId,
        checkpointId: this.#source?.metadata.checkpointId ?? 1n,
        timestampMs: clock.now(),
        kind: 'SAVEPOINT',
        operators,
      }
      await storage.complete(location, metadata)
      return metadata
    } catch (error) {
      await storage.discard(directory)
      throw error
    }
  }

  #existing(name: string): OperatorState {
    if (this.#source === undefined) {
      throw new StateToolUsageError(`There is no operator '${name}': the savepoint is made anew`)
    }
    return this.#source.findOperator(name)
  }

  async #requireEmpty(directory: string): Promise<void> {
    const fileSystem = this.#options.fileSystems.forPath(directory)
    if (!(await fileSystem.exists(directory))) return
    if ((await fileSystem.list(directory)).length === 0) return
    throw new StateToolUsageError(
      `Cannot write a savepoint into ${directory}: it is not empty; name a folder that is not there`,
    )
  }
}
