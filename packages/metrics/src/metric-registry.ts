import { type Clock, type Logger, noopLogger } from '@flink-ts/core'
import type { MetricGroup } from './metric-group.js'
import { fillScopeFormat } from './metric-name.js'
import type { MetricSnapshot } from './metrics.js'
import { RegisteredMetricGroup } from './registered-metric-group.js'

export interface MetricRegistryOptions {
  /** For the rates of meters. */
  readonly clock: Clock
  readonly log?: Logger
  /** Between the parts of an identifier (`metrics.scope.delimiter`). Default `.` */
  readonly delimiter?: string
}

/** All metrics of a process or thread. */
export class MetricRegistry {
  readonly #context: { clock: Clock; log: Logger; delimiter: string }
  readonly #groups = new Set<RegisteredMetricGroup>()

  constructor(options: MetricRegistryOptions) {
    const { clock, log = noopLogger, delimiter = '.' } = options
    this.#context = { clock, log, delimiter }
  }

  /**
   * A group at the top: of a process, a job, a task or an operator.
   *
   * @param format scope format such as `<host>.taskmanager.<tm_id>` (`metrics.scope.*`)
   * @param variables values for the names in `<…>`
   */
  createGroup(format: string, variables: Readonly<Record<string, string>> = {}): MetricGroup {
    const group = new RegisteredMetricGroup(this.#context, {
      components: fillScopeFormat(format, variables),
      variables,
      onClose: () => void this.#groups.delete(group),
    })
    this.#groups.add(group)
    return group
  }

  /**
   * The values of all metrics now, by full identifier; with `group` only those of this group and
   * below it, by identifiers relative to it (as REST shows them). A meter is its rate, a histogram
   * becomes `<id>_min`, `_max`, `_mean`, `_stddev`, `_median`, `_p75` to `_p999`.
   */
  snapshot(group?: MetricGroup): MetricSnapshot {
    const snapshot: MetricSnapshot = {}
    if (group === undefined) {
      const { delimiter } = this.#context
      for (const each of this.#groups) {
        each.collect(snapshot, each.scopeComponents.map((part) => part + delimiter).join(''))
      }
    } else if (group instanceof RegisteredMetricGroup) {
      group.collect(snapshot, '')
    }
    return snapshot
  }

  /** Closes all groups. Idempotent. */
  close(): void {
    for (const group of [...this.#groups]) group.close()
  }
}
