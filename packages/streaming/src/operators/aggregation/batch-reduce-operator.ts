import type { KeyHandleSource } from '@flink-ts/core'
import { NO_TIMESTAMP, type OperatorContext } from '@flink-ts/runtime/program'
import { FunctionOperator } from '../function-operator.js'
import { type AggregationCell, AggregationTable } from './aggregation-table.js'
import type { KeyedReduceOptions, Reduce } from './keyed-reduce-options.js'
import { SPILL_BLOCK_BYTES, SpilledPartitions } from './spilled-partitions.js'

/** Elements emitted between two looks at whether the operators behind can take more. */
const FINISH_BATCH = 1024

/**
 * Combines the elements of each key and emits each key's value at the end of input, in no order. Values lie on the heap as
 * long as managed memory suffices. When it does not, all of them move into files by the hash of their keys, and the table
 * begins anew; at the end each partition is combined by itself, and divided again if need be.
 */
export class BatchReduceOperator extends FunctionOperator<Reduce> {
  readonly #context: OperatorContext
  readonly #keySelector: (value: unknown) => unknown
  readonly #table: AggregationTable
  readonly #handles: KeyHandleSource | undefined
  readonly #copy: ((value: unknown) => unknown) | undefined
  readonly #openPartitions: SpilledPartitions[] = []
  #spilled: SpilledPartitions | undefined
  #emitted = 0

  constructor(options: KeyedReduceOptions) {
    super(options)
    const { operatorContext, keySelector, copy } = options
    this.#context = operatorContext
    this.#keySelector = keySelector
    this.#copy = copy
    const { managedMemory: memory } = operatorContext
    this.#table = new AggregationTable({ memory, valuesGrow: copy === undefined })
    // State that the function itself keeps finds them taken, and does without.
    this.#handles = operatorContext.keyHandles?.claim()
  }

  override open(): void | Promise<void> {
    // For the blocks that are read and written at the end.
    this.#context.managedMemory.reserve(2 * SPILL_BLOCK_BYTES)
    return super.open()
  }

  override processElement(value: unknown): void {
    let key: unknown
    let cell: AggregationCell | undefined
    let result: unknown
    try {
      key = this.#keySelector(value)
      cell = this.#cell(key)
      if (cell === undefined) {
        result = this.#copy === undefined ? value : this.#copy(value)
      } else {
        this.keyed?.begin(value)
        result = this.call(cell.value, value)
        this.keyed?.end()
      }
    } catch (error) {
      throw this.failed(error)
    }
    if (cell === undefined) this.#insert(key, result)
    else {
      if (result instanceof Promise) throw this.promised(result)
      if (!this.#table.update(cell, result)) this.#spill()
    }
  }

  override async finish(): Promise<void> {
    const spilled = this.#spilled
    if (spilled === undefined) {
      await this.#emit()
      return
    }
    this.#spill()
    this.#context.log.info('An aggregation did not fit into managed memory', {
      operator: this.operatorName,
      managedBytes: this.#context.managedMemory.shareBytes,
      spilledBytes: spilled.bytes,
    })
    await this.#combine(spilled)
  }

  override close(): void | Promise<void> {
    for (const partitions of this.#openPartitions) partitions.close()
    return super.close()
  }

  #cell(key: unknown): AggregationCell | undefined {
    const handles = this.#handles
    const known = handles?.get(key) as AggregationCell | undefined
    if (known !== undefined && !known.isGone) return known
    const cell = this.#table.find(key)
    if (cell !== undefined) handles?.put(key, cell)
    return cell
  }

  #insert(key: unknown, value: unknown): void {
    if (this.#table.tryInsert(key, value) !== undefined) return
    // Else there is nothing that could make room.
    if (this.#table.size > 0) this.#spill()
    this.#table.insert(key, value)
  }

  #spill(): void {
    this.#spilled ??= this.#opened(new SpilledPartitions(this.#context))
    this.#spilled.takeFrom(this.#table)
  }

  #opened(partitions: SpilledPartitions): SpilledPartitions {
    this.#openPartitions.push(partitions)
    return partitions
  }

  async #combine(partitions: SpilledPartitions): Promise<void> {
    for (const partition of partitions.nonEmpty) {
      let deeper: SpilledPartitions | undefined
      const makeRoom = () => {
        if (deeper === undefined) {
          deeper = partitions.nextLevel()
          if (deeper === undefined) return
          this.#opened(deeper)
        }
        deeper.takeFrom(this.#table)
      }
      partitions.read(partition, (key, value) => this.#merge(key, value, makeRoom))
      if (deeper === undefined) await this.#emit()
      else {
        makeRoom()
        await this.#combine(deeper)
      }
    }
    partitions.close()
  }

  #merge(key: unknown, value: unknown, makeRoom: () => void): void {
    const cell = this.#table.find(key)
    if (cell === undefined) {
      if (this.#table.tryInsert(key, value) !== undefined) return
      makeRoom()
      this.#table.insert(key, value)
      return
    }
    let result: unknown
    try {
      this.keyed?.beginKey(key)
      result = this.call(cell.value, value)
      this.keyed?.end()
    } catch (error) {
      throw this.failed(error)
    }
    if (result instanceof Promise) throw this.promised(result)
    if (this.#table.update(cell, result)) return
    makeRoom()
    this.#table.requireMemory()
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
