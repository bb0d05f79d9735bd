import { DeploymentOptions } from '@flink-ts/core'
import type { ActionContext } from '../actions/action.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { EXECUTOR, JOBMANAGER, TARGET } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'

const MODES = ['session', 'per-job', 'application'] as const
export type DeploymentMode = (typeof MODES)[number]

/** A kind of cluster on a cluster manager. */
export interface DeployedTarget {
  readonly kind: 'deployed'
  /** Such as `yarn-per-job`. */
  readonly name: string
  /** Such as `yarn`. */
  readonly platform: string
  readonly mode: DeploymentMode
}

/** Where jobs run: on a cluster that somebody started, in this process, or on one that is deployed for them. */
export type Target = { readonly kind: 'remote' | 'local' } | DeployedTarget

/** @throws CliArgumentError for a target that cannot be */
export function parseTarget(name: string): Target {
  if (name === 'remote' || name === 'local') return { kind: name }
  const dash = name.indexOf('-')
  const platform = name.slice(0, dash)
  const mode = MODES.find((known) => known === name.slice(dash + 1))
  if (/^[a-z][a-z0-9]*$/.test(platform) && mode !== undefined) {
    return { kind: 'deployed', name, platform, mode }
  }
  throw new CliArgumentError(
    `Unknown target "${name}": expected remote, local, or <cluster manager>-${MODES.join('|')}, such as yarn-session`,
  )
}

/** Of the command line, else of the configuration; undefined: neither says. @throws CliArgumentError */
export function namedTarget(args: ParsedArguments, context: ActionContext): Target | undefined {
  const given = args.value(TARGET) ?? args.value(EXECUTOR)
  if (given !== undefined) return parseTarget(given)
  // An address on the command line is that of a cluster which runs, whatever is configured.
  if (isAddress(args.value(JOBMANAGER))) return { kind: 'remote' }
  const configured = context.configuration.get(DeploymentOptions.TARGET)
  return configured === undefined ? undefined : parseTarget(configured)
}

/** Cluster managers may be named in its place, such as `yarn-cluster`. */
function isAddress(jobManager: string | undefined): boolean {
  return jobManager?.includes(':') === true
}
