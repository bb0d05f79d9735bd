import type { ActionContext } from '../actions/action.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { findYarnSession } from '../yarn/yarn-properties-file.js'
import { namedTarget, type Target } from './target.js'

/** Of `-t`, `-m`, the configuration, or the file that a session on YARN has left; else `remote`. @throws CliArgumentError */
export function targetOf(args: ParsedArguments, context: ActionContext): Target {
  return namedTarget(args, context) ?? sessionTarget(context) ?? { kind: 'remote' }
}

function sessionTarget(context: ActionContext): Target | undefined {
  if (findYarnSession(context) === undefined) return undefined
  return { kind: 'deployed', name: 'yarn-session', platform: 'yarn', mode: 'session' }
}
