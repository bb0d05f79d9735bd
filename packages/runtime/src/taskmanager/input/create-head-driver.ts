import assert from 'node:assert/strict'
import { AdaptiveBatch, type Clock } from '@flink-ts/core'
import type { OperatorChain } from '../../operators/operator-chain.js'
import type {
  OneInputStreamOperator,
  SourceStreamOperator,
  TwoInputStreamOperator,
} from '../../operators/stream-operator.js'
import type { TaskInput } from '../task-io.js'
import type { InputEvents } from './gate-handlers.js'
import type { HeadDriver } from './head-driver.js'
import { InputProcessor } from './input-processor.js'
import { SourceDriver } from './source-driver.js'

/** Most elements between two looks at outputs, operators and mails. */
const BATCH_ELEMENTS_MAX = 256

/**
 * @param fail told when a source breaks while it has nothing
 * @param events undefined: the task takes no part in checkpoints
 */
export function createHeadDriver(
  { chain, inputs }: { chain: OperatorChain; inputs: readonly TaskInput[] },
  {
    clock,
    fail,
    events,
  }: { clock: Clock; fail: (error: unknown) => void; events: InputEvents | undefined },
): HeadDriver {
  const { head, headType, headName } = chain
  if (headType === 'source') {
    assert(inputs.length === 0, 'a source task has no input gate')
    return new SourceDriver(head as SourceStreamOperator, chain.headOutput, fail)
  }
  const settings = {
    operatorName: headName,
    batch: new AdaptiveBatch(clock, BATCH_ELEMENTS_MAX),
    events,
  }
  return headType === 'oneInput'
    ? new InputProcessor(
        inputs,
        { type: headType, operator: head as OneInputStreamOperator },
        settings,
      )
    : new InputProcessor(
        inputs,
        { type: headType, operator: head as TwoInputStreamOperator },
        settings,
      )
}
