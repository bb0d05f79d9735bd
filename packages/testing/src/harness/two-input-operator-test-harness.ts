import { SeededRandom } from '@flink-ts/core'
import type { InputSelection, TwoInputStreamOperator } from '@flink-ts/runtime'
import type { DataStream } from '@flink-ts/streaming'
import { recordProgram } from '../simulation/cluster/record-program.js'
import { OperatorTestHarness } from './operator-test-harness.js'
import {
  type OperatorTestHarnessOptions,
  type OperatorUnderTest,
  operatorUnderTest,
} from './operator-under-test.js'

/** As `OneInputOperatorTestHarness`, for an operator with two inputs. */
export class TwoInputOperatorTestHarness<IN1, IN2, OUT> extends OperatorTestHarness<OUT> {
  readonly #operator: TwoInputStreamOperator

  private constructor(under: OperatorUnderTest) {
    super(under)
    this.#operator = under.operator as TwoInputStreamOperator
  }

  /**
   * Makes and opens the one operator that `build` puts on its streams, such as
   * `(orders, rates) => orders.connect(rates).process(new Converter())`.
   *
   * @throws AssertionError if that is not exactly one operator with two inputs
   */
  static async open<IN1, IN2, OUT>(
    build: (first: DataStream<IN1>, second: DataStream<IN2>) => DataStream<OUT>,
    options: OperatorTestHarnessOptions = {},
  ): Promise<TwoInputOperatorTestHarness<IN1, IN2, OUT>> {
    const job = await recordProgram(
      (env) => {
        build(env.fromCollection<IN1>([]), env.fromCollection<IN2>([])).print()
      },
      {
        random: new SeededRandom(1),
        configuration: { ...options.configuration, 'pipeline.operator-chaining.enabled': 'false' },
      },
    )
    const harness = new TwoInputOperatorTestHarness<IN1, IN2, OUT>(
      operatorUnderTest(job, 'twoInput', options),
    )
    await harness.begin(options.restore)
    return harness
  }

  /** @param timestampMs event time; none if absent */
  processElement1(value: IN1, timestampMs?: number): void {
    this.#operator.processElement1(value, timestampMs ?? Number.NaN)
  }

  /** @param timestampMs event time; none if absent */
  processElement2(value: IN2, timestampMs?: number): void {
    this.#operator.processElement2(value, timestampMs ?? Number.NaN)
  }

  processWatermark1(timestampMs: number): void {
    this.#operator.processWatermark1(timestampMs)
  }

  processWatermark2(timestampMs: number): void {
    this.#operator.processWatermark2(timestampMs)
  }

  /** Input 1 or 2 has ended. */
  endInput(input: 1 | 2): void {
    this.#operator.endInput?.(input)
  }

  /** The input that the operator wants to read next. */
  nextSelection(): InputSelection {
    return this.#operator.nextSelection?.() ?? 'ALL'
  }
}
