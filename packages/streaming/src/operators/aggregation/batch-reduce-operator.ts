import type { KeyHandleSource } from '@flink-ts/core'
import { NO_TIMESTAMP, type OperatorContext } from '@flink-ts/runtime/program'
import { FunctionOperator } from '../function-operator.js'
import { AggregationPass } from './aggregation-pass.js'
import { type AggregationCell, AggregationTable } from './aggregation-table.js'
import type { KeyedReduceOptions, Reduce } from './keyed-reduce-options.js'
import { SPILL_BLOCKS, SpilledPartitions } from './spilled-partitions.js'

/** Elements emitted between two looks at whether the operators behind can take more. */
const FINISH_BATCH = 1024
/** Blocks take a quarter of a small share. */
const LEAST_BLOCK_BYTES = 1024
const BLOCK_BYTES = 32 * 1024

/**
 * Combines the elements of each key and emits each key's value at the end of input, in no order. Values lie on the heap as
 * long as managed memory suffices; what does not fit goes to files by the hash of its key, and at the end each
 * partition is combined by itself, and divided again if need be.
 */
export class BatchReduceOperator extends FunctionOperator<Reduce> {
  readonly #context: OperatorContext
  readonly #keySelector: (value: unknown) => unknown
  readonly #table: AggregationTable
  readonly #pass: AggregationPass
  readonly #handles: KeyHandleSource | undefined
  readonly #copy: ((value: unknown) => unknown) | undefined
  readonly #files: SpilledPartitions[] = []
  #emitted = 0

  constructor(options: KeyedReduceOptions) {
    super(options)
    const { operatorContext, keySelector, copy } = options
    this.#context = operatorContext
    this.#keySelector = keySelector
    this.#copy = copy
    const { managedMemory: memory } = operatorContext
    this.#table = new AggregationTable({ memory, valuesGrow: copy === undefined })
    this.#pass = new AggregationPass(this.#table, () => this.#opened(this.#firstPartitions()))
    // State that the function itself keeps finds them taken, and does without.
    this.#handles = operatorContext.keyHandles?.claim()
  }

  /** @throws ManagedMemoryExceededError if the share does not suffice for anything */
  override open(): void | Promise<void> {
    this.#context.managedMemory.reserve(SPILL_BLOCKS * this.#blockBytes)
    return super.open()
  }

  override processElement(value: unknown): void {
    let key: unknown
    let cell: AggregationCell | undefined
    let result: unknown
    try {
      key = this.#keySelector(value)
      cell = this.#cell(key)
      if (cell !== undefined) {
        this.keyed?.begin(value)
        result = this.call(cell.value, value)
        this.keyed?.end()
      } else if (!this.#pass.isFull) {
        result = this.#copy === undefined ? value : this.#copy(value)
      }
    } catch (error) {
      throw this.failed(error)
    }
    if (cell !== undefined) this.#update(this.#pass, cell, result)
    else if (this.#pass.isFull) this.#pass.defer(key, value)
    else this.#pass.insertElement(key, result)
  }

  override async finish(): Promise<void> {
    await this.#complete(this.#pass)
    const [first] = this.#files
    if (first === undefined) return
    this.#context.log.info('An aggregation did not fit into managed memory', {
      operator: this.operatorName,
      managedBytes: this.#context.managedMemory.shareBytes,
      spilledBytes: first.bytes,
    })
  }

  override close(): void | Promise<void> {
    for (const partitions of this.#files) partitions.close()
    return super.close()
  }

  get #blockBytes(): number {
    const share = Math.floor(this.#context.managedMemory.shareBytes / (4 * SPILL_BLOCKS))
    return Math.max(LEAST_BLOCK_BYTES, Math.min(BLOCK_BYTES, share))
  }

  #firstPartitions(): SpilledPartitions {
    const { spillFiles, serializers } = this.#context
    return new SpilledPartitions({
      spillFiles,
      blockBytes: this.#blockBytes,
      ...(serializers === undefined ? {} : { serializers }),
    })
  }

  #opened<P extends SpilledPartitions | undefined>(partitions: P): P {
    if (partitions !== undefined) this.#files.push(partitions)
    return partitions
  }

  #cell(key: unknown): AggregationCell | undefined {
    const handles = this.#handles
    const known = handles?.get(key) as AggregationCell | undefined
    if (known !== undefined && !known.isGone) return known
    const cell = this.#table.find(key)
    if (cell !== undefined) handles?.put(key, cell)
    return cell
  }

  #update(pass: AggregationPass, cell: AggregationCell, result: unknown): void {
    if (result instanceof Promise) throw this.promised(result)
    if (!this.#table.update(cell, result)) pass.outgrown()
  }

  /** Emits all that a pass has in its table, and then what it left to files. */
  async #complete(pass: AggregationPass): Promise<void> {
    pass.end()
    await this.#emit()
    const { partitions } = pass
    if (partitions === undefined) return
    for (const number of partitions.finishWriting()) {
      const next = new AggregationPass(this.#table, () => this.#opened(partitions.nextLevel()))
      partitions.read(number, {
        element: (value) => this.#mergeElement(next, value),
        result: (key, value) => this.#mergeResult(next, key, value),
      })
      await this.#complete(next)
    }
    partitions.close()
  }

  #mergeElement(pass: AggregationPass, value: unknown): void {
    let key: unknown
    try {
      key = this.#keySelector(value)
    } catch (error) {
      throw this.failed(error)
    }
    const cell = this.#table.find(key)
    if (cell === undefined) pass.insertElement(key, value)
    else this.#update(pass, cell, this.#combined(cell, key, value))
  }

  #mergeResult(pass: AggregationPass, key: unknown, value: unknown): void {
    const cell = this.#table.find(key)
    if (cell === undefined) pass.insertResult(key, value)
    else this.#update(pass, cell, this.#combined(cell, key, value))
  }

  #combined(cell: AggregationCell, key: unknown, value: unknown): unknown {
    try {
      this.keyed?.beginKey(key)
      const result = this.call(cell.value, value)
      this.keyed?.end()
      return result
    } catch (error) {
      throw this.failed(error)
    }
  }

  /** What is in the table goes on. */
  async #emit(): Promise<void> {
    const { output } = this
    for (const [, cell] of this.#table.cells()) {
      output.collect(cell.value, NO_TIMESTAMP)
      if (++this.#emitted % FINISH_BATCH === 0) {
        const ready = output.whenAvailable?.()
        if (ready !== undefined) await ready
      }
    }
    this.#table.clear()
  }
}
