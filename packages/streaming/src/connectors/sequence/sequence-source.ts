import { InvalidProgramError } from '../../functions/errors.js'
import { indexRangeSource } from '../splits/index-range-source.js'

/** First and last number of a sequence, both included. */
export interface SequenceSourceConfig {
  readonly from: number
  readonly to: number
}

/**
 * A bounded source of whole numbers; also its enumerator side on the JobManager.
 *
 * @throws InvalidProgramError unless both are whole numbers within ±2^53 and `from` is not above `to`
 */
export function createSequenceSource(config: SequenceSourceConfig) {
  const { from, to } = config
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to - from + 1) || from > to) {
    throw new InvalidProgramError(
      `Cannot make a sequence from ${from} to ${to}: expected whole numbers within ±2^53, the first one ` +
        'not above the second',
    )
  }
  return indexRangeSource({
    start: from,
    count: to - from + 1,
    elementAt: (index) => index,
    coordinatorReference: {
      module: '@flink-ts/streaming',
      exportName: 'createSequenceSource',
      config: { from, to },
    },
  })
}
