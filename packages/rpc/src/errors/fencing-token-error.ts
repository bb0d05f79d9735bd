import { FlinkError } from '@flink-ts/core'
import { type FencingToken, formatFencingToken } from '../fencing-token.js'

/** The caller speaks for, or to, another term of leadership than the endpoint's own. */
export class FencingTokenError extends FlinkError {
  readonly target: string
  readonly expected: FencingToken
  readonly received: FencingToken | undefined

  constructor(facts: {
    target: string
    expected: FencingToken
    received: FencingToken | undefined
  }) {
    super(
      `RPC ${facts.target} was refused: it carries the fencing token ` +
        `${formatFencingToken(facts.received)}, the endpoint's is ${formatFencingToken(facts.expected)}`,
      { code: 'FLINK_RPC_FENCING_TOKEN' },
    )
    this.target = facts.target
    this.expected = facts.expected
    this.received = facts.received
  }
}
