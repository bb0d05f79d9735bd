import { SCENARIO_RUNS } from '../scenario-runs.js'
import { patchedNode } from './patched-node.js'
import { FAULT_PATCHES, type FaultPatch } from './patches.js'

const ELEMENTS = 25_000

export interface FindPatchesOptions {
  readonly seed: number
  /** The name of one patch; undefined: all of them. */
  readonly only: string | undefined
  /** Ends the search, with what it has started. */
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

/** Runs each kept patch, or one. @returns the names of those that were not found */
export async function findPatches(options: FindPatchesOptions): Promise<string[]> {
  const { log, only, signal } = options
  const missed: string[] = []
  for (const patch of FAULT_PATCHES.filter(({ name }) => only === undefined || name === only)) {
    log(`${patch.name}: ${patch.breaks}`)
    const finding = await findPatch(patch, options)
    if (signal.aborted) {
      log(`${patch.name}: ${signal.reason.message}`)
      return missed
    }
    if (finding === undefined) missed.push(patch.name)
    log(`${patch.name}: ${finding ?? 'NOT FOUND'}`)
  }
  return missed
}

async function findPatch(
  patch: FaultPatch,
  { seed, signal, log }: FindPatchesOptions,
): Promise<string | undefined> {
  const node = patchedNode(patch.name)
  try {
    const { run } = SCENARIO_RUNS.find(({ name }) => name === patch.scenario)!
    const result = await run({
      seed,
      minutes: 0.01,
      // A violation needs no rows: the job is to last until all is looked at that a fault leads to.
      ...(patch.violation === undefined && { elements: ELEMENTS }),
      faultsPerRound: patch.faults,
      environment: node.environment,
      discard: true,
      signal,
      log: (line: string) => log(`  ${line}`),
    })
    const { lost, duplicated, error, hasBegun, leftBehind = [] } = result
    if (signal.aborted) return undefined
    // The patch has nothing to do with that.
    if (!hasBegun) throw error
    if (lost + duplicated > 0) return `found: lost ${lost}, duplicated ${duplicated}`
    const violations = [...(error === undefined ? [] : [String(error)]), ...leftBehind]
    const expected = violations.find((text) => patch.violation?.test(text))
    if (expected !== undefined) return `found: ${expected}`
    // That a job does not go on says nothing of what it would have written.
    for (const text of violations) log(`  not decided: ${text.slice(0, 200)}`)
    return undefined
  } finally {
    node.close()
  }
}
