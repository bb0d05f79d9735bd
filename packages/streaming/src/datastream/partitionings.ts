import { FunctionResultError } from '../functions/errors.js'
import { UserFunction } from '../functions/user-function.js'
import type { Partitioning } from '../graph/transformation.js'

/** The same key always reaches the same subtask. */
export function hashPartitioning(
  selector: unknown,
): Partitioning & { keySelector: (value: unknown) => unknown } {
  const fn = new UserFunction<(value: unknown) => unknown>(selector, 'getKey', 'keyBy')
  const keySelector = fn.instance().call
  return { type: 'HASH', code: { keySelector }, functions: [fn.captured], keySelector }
}

/** The user's function chooses the subtask for each key. */
export function customPartitioning(partitioner: unknown, selector: unknown): Partitioning {
  const key = new UserFunction<(value: unknown) => unknown>(selector, 'getKey', 'partitionCustom')
  const choice = new UserFunction<(key: unknown, n: number) => number>(
    partitioner,
    'partition',
    'partitionCustom',
  )
  const keySelector = key.instance().call
  const choose = choice.instance().call
  const partition = (value: unknown, numberOfChannels: number) => {
    const channel = choose(value, numberOfChannels)
    if (Number.isInteger(channel) && channel >= 0 && channel < numberOfChannels) return channel
    throw new FunctionResultError(
      `The function of partitionCustom chose channel ${channel}; expected a whole number from 0 to ` +
        `${numberOfChannels - 1}`,
      'partitionCustom',
    )
  }
  return {
    type: 'CUSTOM',
    code: { keySelector, partition },
    functions: [choice.captured, key.captured],
  }
}
