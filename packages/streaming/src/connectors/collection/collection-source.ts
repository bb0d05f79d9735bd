import assert from 'node:assert/strict'
import { indexRangeSource } from '../splits/index-range-source.js'

/** A bounded source of the elements of an array, which each task has from its own run of the program. */
export function collectionSource<T>(elements: readonly T[]) {
  return sourceOf(elements.length, (index) => elements[index] as T)
}

/**
 * The enumerator side of {@link collectionSource}, which needs to know only how many elements there are.
 * @internal
 */
export function createCollectionCoordinator(config: { count: number }) {
  return sourceOf<never>(config.count, () => assert.fail('elements are read in tasks only'))
}

function sourceOf<T>(count: number, elementAt: (index: number) => T) {
  const coordinatorReference = {
    module: '@flink-ts/streaming',
    exportName: 'createCollectionCoordinator',
    config: { count },
  }
  return indexRangeSource({ start: 0, count, elementAt, coordinatorReference })
}
