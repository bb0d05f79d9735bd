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
      elements: ELEMENTS,
      faultsPerRound: patch.faults,
      environment: node.environment,
      discard: true,
      signal,
      log: (line: string) => log(`  ${line}`),
    })
    const { lost, duplicated, error, hasBegun } = result
    if (signal.aborted) return undefined
    // The patch has nothing to do with that.
    if (!hasBegun) throw error
    if (lost + duplicated > 0) return `found: lost ${lost}, duplicated ${duplicated}`
    // That a job does not go on says nothing of what it would have written.
    if (error !== undefined) log(`  not decided: ${String(error).slice(0, 200)}`)
    return undefined
  } finally {
    node.close()
  }
}
