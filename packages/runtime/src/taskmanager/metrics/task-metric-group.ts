import type { Clock } from '@flink-ts/core'
import { type MetricGroup, MetricRegistry } from '@flink-ts/metrics'

/** The metrics that a task's operators and functions register, by operator. */
export class TaskMetricGroup {
  readonly #registry: MetricRegistry
  readonly #group: MetricGroup

  constructor(clock: Clock) {
    this.#registry = new MetricRegistry({ clock })
    this.#group = this.#registry.createGroup('task')
  }

  forOperator(operatorName: string): MetricGroup {
    return this.#group.addGroup(operatorName)
  }

  /** What is a number now, such as `tokenize.badLines`. */
  values(): Record<string, number> {
    const values: Record<string, number> = {}
    for (const [name, value] of Object.entries(this.#registry.snapshot(this.#group))) {
      if (typeof value === 'number') values[name] = value
    }
    return values
  }

  close(): void {
    this.#registry.close()
  }
}
