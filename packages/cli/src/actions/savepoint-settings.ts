import { type Configuration, resolveUserPath, StateRecoveryOptions } from '@flink-ts/core'
import type { ParsedArguments } from '../arguments/option-parser.js'
import {
  ALLOW_NON_RESTORED_STATE,
  CLAIM_MODE,
  FROM_SAVEPOINT,
  RESTORE_MODE,
} from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'

const CLAIM_MODES = ['CLAIM', 'NO_CLAIM', 'LEGACY'] as const
type ClaimMode = (typeof CLAIM_MODES)[number]

/** What jobs begin with, as a command line says it. */
export interface SavepointWords {
  readonly path: string | undefined
  readonly claimMode: string | undefined
  readonly allowNonRestoredState: boolean
}

/** The options of `flink run` that say what its jobs begin with. */
export const RESTORE_OPTIONS = [
  FROM_SAVEPOINT,
  ALLOW_NON_RESTORED_STATE,
  CLAIM_MODE,
  RESTORE_MODE,
] as const

/** Of the options in {@link RESTORE_OPTIONS}. */
export function savepointWords(args: ParsedArguments): SavepointWords {
  return {
    path: args.value(FROM_SAVEPOINT),
    claimMode: args.value(CLAIM_MODE) ?? args.value(RESTORE_MODE),
    allowNonRestoredState: args.has(ALLOW_NON_RESTORED_STATE),
  }
}

/**
 * Puts what jobs begin with into their configuration; what is not said stays as configured.
 *
 * @throws CliArgumentError for an unknown mode, or a mode without a savepoint
 */
export function setSavepoint(
  configuration: Configuration,
  { path, claimMode, allowNonRestoredState }: SavepointWords,
  workingDirectory: string,
): void {
  const { SAVEPOINT_PATH, RESTORE_MODE, SAVEPOINT_IGNORE_UNCLAIMED_STATE } = StateRecoveryOptions
  if (path !== undefined) configuration.set(SAVEPOINT_PATH, resolveUserPath(path, workingDirectory))
  if (claimMode !== undefined) configuration.set(RESTORE_MODE, parseClaimMode(claimMode))
  if (allowNonRestoredState) configuration.set(SAVEPOINT_IGNORE_UNCLAIMED_STATE, true)
  if (configuration.get(SAVEPOINT_PATH) !== undefined) return
  if (claimMode !== undefined || allowNonRestoredState) {
    throw new CliArgumentError('Options on a savepoint need one: --fromSavepoint <path>')
  }
}

function parseClaimMode(text: string): ClaimMode {
  const mode = CLAIM_MODES.find((known) => known === text.toUpperCase())
  if (mode !== undefined) return mode
  throw new CliArgumentError(`Unknown claim mode "${text}": expected claim, no_claim or legacy`)
}
