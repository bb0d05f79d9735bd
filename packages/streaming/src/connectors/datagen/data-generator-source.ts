import assert from 'node:assert/strict'
import type { Source, SourceReaderContext } from '@flink-ts/core'
import { InvalidProgramError } from '../../functions/errors.js'
import { UserFunction } from '../../functions/user-function.js'
import type { IndexRangeSplit } from '../splits/assigned-ranges.js'
import { indexRangeSource } from '../splits/index-range-source.js'
import type { SplitQueueCheckpoint } from '../splits/split-queue-enumerator.js'
import { DataGeneratorReader } from './data-generator-reader.js'
import { RateLimiterStrategy } from './rate-limiter.js'

/** Makes the element of an index: a pure function of it, or an object with a method `map` that is one. */
export type GeneratorFunction<T> = ((index: number) => T) | { map(index: number): T }

type IndexRangeSource<T> = Source<T, IndexRangeSplit, SplitQueueCheckpoint<IndexRangeSplit>>

/**
 * A bounded source of `generate(0)` … `generate(count - 1)`, divided into ranges, one for each subtask of the first
 * run. How far each range is belongs to checkpoints: a restored job makes exactly the elements that are missing, if the
 * function answers the same for the same index.
 */
export class DataGeneratorSource<T> implements IndexRangeSource<T> {
  readonly boundedness = 'BOUNDED'
  readonly splitSerializer
  readonly enumeratorCheckpointSerializer
  readonly coordinatorReference
  readonly #generator: UserFunction<(index: number) => T>
  readonly #rateLimiterStrategy: RateLimiterStrategy
  readonly #ranges: IndexRangeSource<never>

  /**
   * @param count how many elements there are
   * @param rateLimiterStrategy none: as fast as they are taken
   * @throws InvalidProgramError unless `count` is a whole number from 0 on, below 2^53
   */
  constructor(
    generatorFunction: GeneratorFunction<T>,
    count: number,
    rateLimiterStrategy: RateLimiterStrategy = RateLimiterStrategy.noOp(),
  ) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new InvalidProgramError(
        `Cannot generate ${count} elements: expected a whole number from 0 on`,
      )
    }
    this.#generator = new UserFunction(generatorFunction, 'map', 'the generator source')
    this.#rateLimiterStrategy = rateLimiterStrategy
    this.#ranges = createDataGeneratorCoordinator({ count })
    this.splitSerializer = this.#ranges.splitSerializer
    this.enumeratorCheckpointSerializer = this.#ranges.enumeratorCheckpointSerializer
    this.coordinatorReference = this.#ranges.coordinatorReference!
  }

  createReader(context: SourceReaderContext): DataGeneratorReader<T> {
    const { clock, parallelism } = context
    const limiter = this.#rateLimiterStrategy.createRateLimiter(clock, parallelism)
    return new DataGeneratorReader(context, this.#generator.instance().call, limiter)
  }

  createEnumerator(context: Parameters<IndexRangeSource<T>['createEnumerator']>[0]) {
    return this.#ranges.createEnumerator(context)
  }

  restoreEnumerator(...args: Parameters<IndexRangeSource<T>['restoreEnumerator']>) {
    return this.#ranges.restoreEnumerator(...args)
  }
}

/**
 * The enumerator side of a {@link DataGeneratorSource}.
 * @internal
 */
export function createDataGeneratorCoordinator(config: { count: number }): IndexRangeSource<never> {
  const { count } = config
  const coordinatorReference = {
    module: '@flink-ts/streaming',
    exportName: 'createDataGeneratorCoordinator',
    config: { count },
  }
  const elementAt = () => assert.fail('elements are generated in tasks only')
  return indexRangeSource({ start: 0, count, elementAt, coordinatorReference })
}
