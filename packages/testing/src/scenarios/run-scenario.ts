import { SeededRandom } from '@flink-ts/core'
import { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import type { SimulatedClusterOptions } from '../simulation/cluster/simulated-cluster-options.js'
import type { SimulatedWorldOptions } from '../simulation/cluster/simulated-world.js'
import type { Scenario } from './scenario.js'

/** What a scenario does not decide itself. */
export interface ScenarioOptions
  extends Omit<SimulatedWorldOptions, 'faults'>,
    Pick<SimulatedClusterOptions, 'mesosAgents'> {}

/** How one run of a scenario went. */
export interface ScenarioOutcome {
  readonly scenario: string
  readonly seed: number
  readonly traceHash: string
  readonly steps: number
  readonly faults: number
  /** How many of each kind. */
  readonly faultsByKind: Readonly<Record<string, number>>
  /** Virtual milliseconds. */
  readonly durationMs: number
  /** What was violated: an invariant, or an expectation of the scenario. */
  readonly error?: unknown
  /** The last events before, if something was violated. */
  readonly traceTail: readonly string[]
}

/**
 * Runs a scenario with a seed to its end and closes its cluster. Promises that nobody handles and
 * exceptions that nobody catches count as violations; so run one at a time.
 */
export async function runScenario(
  scenario: Scenario,
  options: ScenarioOptions,
): Promise<ScenarioOutcome> {
  let cluster: SimulatedCluster | undefined
  let escaped: { readonly error: unknown } | undefined
  const onEscape = (error: unknown): void => {
    escaped ??= { error }
    cluster?.world.time.fail(error)
  }
  process.on('unhandledRejection', onEscape)
  process.on('uncaughtException', onEscape)
  let failed: { readonly error: unknown } | undefined
  try {
    await scenario.run({
      random: new SeededRandom(options.seed ^ 0x5eed),
      async start(clusterOptions) {
        cluster = await SimulatedCluster.start({ ...clusterOptions, ...options })
        return cluster
      },
    })
    await cluster?.close()
  } catch (error) {
    failed = { error }
  } finally {
    process.off('unhandledRejection', onEscape)
    process.off('uncaughtException', onEscape)
    cluster?.world.dispose()
  }
  const violated = escaped ?? failed
  return {
    scenario: scenario.name,
    seed: options.seed,
    traceHash: cluster?.traceHash ?? '',
    steps: cluster?.steps ?? 0,
    faults: cluster?.faults.total ?? 0,
    faultsByKind: cluster?.faults.byKind ?? {},
    durationMs: cluster?.nowMs ?? 0,
    ...(violated === undefined ? {} : { error: violated.error }),
    traceTail: violated === undefined ? [] : (cluster?.traceTail() ?? []),
  }
}
