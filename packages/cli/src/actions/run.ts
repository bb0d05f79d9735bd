import { bundleProgram, endCompiler } from '@flink-ts/client/bundling'
import { DeploymentOptions } from '@flink-ts/core'
import { CLUSTER_OPTIONS } from '../arguments/cluster-options.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { DETACHED, ENTRY, PARALLELISM, SHUTDOWN_ON_ATTACHED_EXIT } from '../arguments/options.js'
import { clusterSettingWarnings } from '../configuration.js'
import type { Target } from '../targets/target.js'
import { targetOf } from '../targets/target-of.js'
import { CliArgumentError } from '../terminal/terminal.js'
import { isDetachedOnYarn } from '../yarn/yarn-cluster-mode.js'
import type { Action, ActionContext } from './action.js'
import { programConfiguration } from './program-configuration.js'
import { INTERRUPTED, isInterruption } from './run/interruption.js'
import type { ProgramRun } from './run/program-run.js'
import { RESTORE_OPTIONS, savepointWords, setSavepoint } from './savepoint-settings.js'

const OPTIONS = [
  ENTRY,
  DETACHED,
  PARALLELISM,
  SHUTDOWN_ON_ATTACHED_EXIT,
  ...RESTORE_OPTIONS,
  ...CLUSTER_OPTIONS,
]
const POSITIONAL = '<program.ts|program.js> <arguments>'

/** `flink run`: runs a program, whose jobs run on a cluster. */
export const runAction: Action = {
  name: 'run',
  summary: 'compiles and runs a program.',
  positional: POSITIONAL,
  options: OPTIONS,
  run: (args, context) => start(args, context, targetOf(args, context)),
}

/** `flink run-application`: deploys a cluster in which the program itself runs. */
export const runApplicationAction: Action = {
  name: 'run-application',
  summary: 'compiles a program and runs it in a cluster of its own, main() too.',
  positional: POSITIONAL,
  options: OPTIONS,
  run(args, context) {
    const target = targetOf(args, context)
    if (target.kind === 'deployed' && target.mode === 'application') {
      return start(args, context, target)
    }
    throw new CliArgumentError(
      'run-application needs the target of an application cluster, such as -t yarn-application',
    )
  },
}

async function start(
  args: ParsedArguments,
  context: ActionContext,
  target: Target,
): Promise<number> {
  const [program, ...programArgs] = args.positional
  if (program === undefined) {
    throw new CliArgumentError('A program should be specified: a TypeScript or JavaScript file.')
  }
  const configuration = programConfiguration(args, context.configuration)
  setSavepoint(configuration, savepointWords(args), context.workingDirectory)
  const attached = isAttached(args, context, target)
  configuration.set(DeploymentOptions.ATTACHED, attached)
  const cancelOnExit =
    attached &&
    (args.has(SHUTDOWN_ON_ATTACHED_EXIT) ||
      configuration.get(DeploymentOptions.SHUTDOWN_IF_ATTACHED))
  const entryPoint = args.value(ENTRY)
  // Begun before anything else is loaded, which takes as long. Whoever needs the program is told what is wrong with it.
  const bundle = bundleProgram(program, context.workingDirectory)
  // Its process would stay as long as this one, which may wait for its job for days.
  bundle.then(endCompiler, endCompiler)
  const run = { bundle, programArgs, entryPoint, configuration, attached, cancelOnExit, context }
  try {
    return await runOn(target, run, args)
  } catch (error) {
    if (!isInterruption(error)) throw error
    context.terminal.err((error as Error).message)
    return INTERRUPTED
  }
}

async function runOn(target: Target, run: ProgramRun, args: ParsedArguments): Promise<number> {
  const { context } = run
  if (target.kind === 'local') {
    return (await import('./run-locally.js')).runLocally(run)
  }
  if (target.kind === 'deployed' && target.mode === 'per-job') {
    return (await import('./run/run-in-job-clusters.js')).runInJobClusters(run, target)
  }
  if (target.kind === 'deployed' && target.mode === 'application') {
    return (await import('./run/run-application.js')).deployApplication(run, target)
  }
  for (const warning of clusterSettingWarnings(args)) context.terminal.err(`Warning: ${warning}`)
  const [{ connectToCluster }, { runOnCluster }] = await Promise.all([
    import('../targets/cluster-connection.js'),
    import('./run/run-on-cluster.js'),
  ])
  const cluster = await connectToCluster(args, context, target)
  try {
    return await runOnCluster(run, cluster)
  } finally {
    await cluster.close()
  }
}

/** Applications are left alone unless `execution.attached` says otherwise, as in Flink. */
function isAttached(args: ParsedArguments, context: ActionContext, target: Target): boolean {
  if (args.has(DETACHED) || isDetachedOnYarn(args)) return false
  if (target.kind === 'deployed' && target.mode === 'application') {
    return context.configuration.getOptional(DeploymentOptions.ATTACHED) ?? false
  }
  return true
}
