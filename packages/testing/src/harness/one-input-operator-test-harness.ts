import { SeededRandom } from '@flink-ts/core'
import type { OneInputStreamOperator } from '@flink-ts/runtime'
import type { DataStream } from '@flink-ts/streaming'
import { recordProgram } from '../simulation/cluster/record-program.js'
import { OperatorTestHarness } from './operator-test-harness.js'
import {
  type OperatorTestHarnessOptions,
  type OperatorUnderTest,
  operatorUnderTest,
} from './operator-under-test.js'

/**
 * Runs one operator of a program alone, as its task would: elements and watermarks go in one by one,
 * what it emits is kept, and time moves only when the test says so.
 *
 * Made by {@link OneInputOperatorTestHarness.open}; {@link close} ends it.
 */
export class OneInputOperatorTestHarness<IN, OUT> extends OperatorTestHarness<OUT> {
  readonly #operator: OneInputStreamOperator

  private constructor(under: OperatorUnderTest) {
    super(under)
    this.#operator = under.operator as OneInputStreamOperator
  }

  /**
   * Makes and opens the one operator that `build` puts on its stream, such as
   * `(words) => words.keyBy((word) => word).process(new Counter())`.
   *
   * @throws AssertionError if that is not exactly one operator with one input
   */
  static async open<IN, OUT>(
    build: (stream: DataStream<IN>) => DataStream<OUT>,
    options: OperatorTestHarnessOptions = {},
  ): Promise<OneInputOperatorTestHarness<IN, OUT>> {
    const job = await recordProgram(
      (env) => {
        build(env.fromCollection<IN>([])).print()
      },
      {
        random: new SeededRandom(1),
        configuration: { ...options.configuration, 'pipeline.operator-chaining.enabled': 'false' },
      },
    )
    const harness = new OneInputOperatorTestHarness<IN, OUT>(
      operatorUnderTest(job, 'oneInput', options),
    )
    await harness.begin(options.restore)
    return harness
  }

  /** @param timestampMs event time; none if absent */
  processElement(value: IN, timestampMs?: number): void {
    this.#operator.processElement(value, timestampMs ?? Number.NaN)
  }

  processWatermark(timestampMs: number): void {
    this.#operator.processWatermark(timestampMs)
  }

  processWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.#operator.processWatermarkStatus(status)
  }
}
