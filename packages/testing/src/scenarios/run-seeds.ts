import { addFaultCounts } from '../simulation/nemesis/fault-counts.js'
import { runScenario, type ScenarioOutcome } from './run-scenario.js'
import type { Scenario } from './scenario.js'
import { SCENARIOS } from './scenarios.js'

export interface RunSeedsOptions {
  /** Default: all. */
  readonly scenarios?: readonly Scenario[]
  /** Default 1. */
  readonly firstSeed?: number
  /** How many seeds; each is run with every scenario. */
  readonly seeds: number
  /** Hears of each run as it ends. @returns true to end after it */
  readonly onOutcome?: (outcome: ScenarioOutcome) => boolean | undefined
}

/** What a series of simulations amounts to. */
export interface SimulationSummary {
  readonly seeds: number
  /** Events of virtual time. */
  readonly steps: number
  readonly faults: number
  /** How many of each kind. */
  readonly faultsByKind: Readonly<Record<string, number>>
  readonly violations: readonly ScenarioOutcome[]
}

/** Runs scenarios with one seed after the other. */
export async function runSeeds(options: RunSeedsOptions): Promise<SimulationSummary> {
  const { scenarios = SCENARIOS, firstSeed = 1, onOutcome } = options
  let [seeds, steps, faults] = [0, 0, 0]
  let faultsByKind: Readonly<Record<string, number>> = {}
  const violations: ScenarioOutcome[] = []
  for (let seed = firstSeed; seed < firstSeed + options.seeds; seed++) {
    seeds++
    for (const scenario of scenarios) {
      const outcome = await runScenario(scenario, { seed })
      steps += outcome.steps
      faults += outcome.faults
      faultsByKind = addFaultCounts(faultsByKind, outcome.faultsByKind)
      if (outcome.error !== undefined) violations.push(outcome)
      if (onOutcome?.(outcome) === true) return { seeds, steps, faults, faultsByKind, violations }
    }
  }
  return { seeds, steps, faults, faultsByKind, violations }
}
