import {
  type Configuration,
  DeploymentOptions,
  FlinkError,
  userMessage,
  YarnOptions,
} from '@flink-ts/core'
import type { ClusterDescriptor, ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import { abortable, INTERRUPTED } from '../actions/run/interruption.js'
import { whenUp } from '../actions/run/when-up.js'
import { optionHelp } from '../arguments/help.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { HELP, VERBOSE } from '../arguments/options.js'
import { clusterWords } from '../targets/cluster-id.js'
import { killCommand } from '../targets/kill-command.js'
import { loadClusterDescriptor } from '../targets/load-cluster-descriptor.js'
import { removeLeftOvers } from '../targets/remove-left-overs.js'
import type { DeployedTarget } from '../targets/target.js'
import { CliArgumentError } from '../terminal/terminal.js'
import { attendSession, type SessionContext, type SessionEvent } from './attached-session.js'
import { stopSession } from './stop-session.js'
import { removeYarnSession, writeYarnSession } from './yarn-properties-file.js'
import { yarnConfiguration, yarnOptions } from './yarn-words.js'

const OPTIONS = yarnOptions('')
const TARGET: DeployedTarget = {
  kind: 'deployed',
  name: 'yarn-session',
  platform: 'yarn',
  mode: 'session',
}

export const YARN_SESSION_OPTIONS = [...Object.values(OPTIONS), VERBOSE, HELP]

/** What `yarn-session.sh -h` shows. */
export function yarnSessionHelp(): string {
  return [
    'Usage: yarn-session.sh [OPTIONS]',
    'Starts a cluster on YARN to which flink run submits jobs, and stays with it: "stop" and Ctrl-C end it.',
    '   Optional',
    ...YARN_SESSION_OPTIONS.map(optionHelp),
  ].join('\n')
}

/** The configuration of a session, and what of it the command line said. @throws CliArgumentError */
export function sessionConfiguration(
  args: ParsedArguments,
  configured: Configuration,
  workingDirectory: string,
): { readonly configuration: Configuration; readonly said: Configuration } {
  const said = yarnConfiguration(args, OPTIONS, { workingDirectory, configured })
  const configuration = configured
    .clone()
    .merge(said)
    .set(DeploymentOptions.TARGET, TARGET.name)
    .set(DeploymentOptions.ATTACHED, !args.has(OPTIONS.detached))
  return { configuration, said }
}

/** `bin/yarn-session.sh`. @param context.configuration that of the files @returns the exit code */
export async function yarnSession(args: ParsedArguments, context: SessionContext): Promise<number> {
  const { terminal } = context
  if (args.has(HELP)) {
    terminal.out(yarnSessionHelp())
    return 0
  }
  const [unknown] = args.positional
  if (unknown !== undefined) throw new CliArgumentError(`Unknown argument "${unknown}".`)
  const { configuration, said } = sessionConfiguration(
    args,
    context.configuration,
    context.workingDirectory,
  )
  const session = { ...context, configuration }
  if (args.has(OPTIONS.jar)) terminal.err(`Warning: -j ${args.value(OPTIONS.jar)} has no effect`)
  if (args.has(OPTIONS.query)) return showResources(session)
  const applicationId = args.value(OPTIONS.applicationId)
  return applicationId === undefined
    ? startSession(said, args.has(OPTIONS.detached), session)
    : attachToSession(applicationId, args.has(OPTIONS.detached), session)
}

async function showResources(context: SessionContext): Promise<number> {
  return withDescriptor(context, async (descriptor) => {
    const lines = await descriptor.describeResources?.()
    for (const line of lines ?? ['The cluster manager does not tell.']) context.terminal.out(line)
    return 0
  })
}

async function startSession(
  said: Configuration,
  isDetached: boolean,
  context: SessionContext,
): Promise<number> {
  const descriptors: ClusterDescriptor[] = []
  let isInterrupted = false
  let stopListening = () => {}
  try {
    const handle = await abortable(context, 'the session', async (signal) => {
      const { configuration } = context
      const descriptor = await loadClusterDescriptor(TARGET, context, { configuration, signal })
      descriptors.push(descriptor)
      return whenUp(await descriptor.deploySessionCluster(), context, signal)
    })
    // From here on it is there: Ctrl-C must not leave it behind while where it is, is still being told.
    if (!isDetached) {
      stopListening = context.onInterrupt(() => {
        isInterrupted = true
      })
    }
    context.terminal.out(`Application id: ${handle.clusterId}`)
    await tellWhere(handle, context)
    leaveProperties(handle.clusterId, said, context)
    if (isDetached) return tellDetached(handle, context)
    return await stay(handle, context, () => isInterrupted)
  } finally {
    stopListening()
    await Promise.all(descriptors.map((descriptor) => descriptor.close()))
  }
}

function attachToSession(
  applicationId: string,
  isDetached: boolean,
  context: SessionContext,
): Promise<number> {
  return withDescriptor(context, async (descriptor) => {
    const handle = await descriptor.retrieve(applicationId)
    context.terminal.out(`Attached to ${applicationId}.`)
    await tellWhere(handle, context)
    return isDetached ? tellDetached(handle, context) : stay(handle, context)
  })
}

async function withDescriptor(
  context: SessionContext,
  work: (descriptor: ClusterDescriptor) => Promise<number>,
): Promise<number> {
  const { configuration } = context
  const descriptor = await loadClusterDescriptor(TARGET, context, { configuration })
  try {
    return await work(descriptor)
  } finally {
    await descriptor.close()
  }
}

async function tellWhere(handle: ClusterHandle, { terminal }: SessionContext): Promise<void> {
  const { webInterfaceUrl, restAddress } = await handle.report()
  const url = webInterfaceUrl ?? (restAddress === undefined ? undefined : `http://${restAddress}`)
  if (url !== undefined) terminal.out(`JobManager Web Interface: ${url}`)
}

/** The session runs all the same without the file. */
function leaveProperties(
  applicationId: string,
  configuration: Configuration,
  context: SessionContext,
): void {
  const kept = configuration.clone().remove(YarnOptions.APPLICATION_ID)
  try {
    const path = writeYarnSession(context.configuration, { applicationId, configuration: kept })
    context.terminal.err(`flink run finds this session by ${path}.`)
  } catch (error) {
    context.terminal.err(`Warning: ${userMessage(error)}`)
  }
}

function tellDetached({ clusterId }: ClusterHandle, { terminal }: SessionContext): number {
  terminal.out(`The session runs detached. Its jobs: flink list ${clusterWords(TARGET, clusterId)}`)
  terminal.out(`To stop it: echo stop | bin/yarn-session.sh -id ${clusterId}`)
  terminal.out(
    `If that is not possible: ${killCommand(TARGET.platform, clusterId)} (which may leave files behind)`,
  )
  return 0
}

/**
 * Stays with the session to its end.
 *
 * @param wasInterrupted whether somebody has pressed Ctrl-C already
 */
async function stay(
  handle: ClusterHandle,
  context: SessionContext,
  wasInterrupted = () => false,
): Promise<number> {
  const { terminal } = context
  terminal.out('Type "help" or "stop"; Ctrl-C stops the session, too.')
  const event: SessionEvent = wasInterrupted()
    ? { kind: 'interrupted' }
    : await attendSession(handle, context)
  if (event.kind === 'ended') {
    removeYarnSession(context, handle.clusterId)
    await removeLeftOvers(handle, terminal)
    return tellEnd(handle, event.report, context)
  }
  // Who cannot wait for an orderly end.
  const stopWaiting = context.onInterrupt(() => process.exit(INTERRUPTED))
  try {
    const report = await stopSession(handle, context)
    removeYarnSession(context, handle.clusterId)
    terminal.out(`${handle.clusterId} has ended: ${report.status ?? 'UNKNOWN'}`)
    return event.kind === 'interrupted' ? INTERRUPTED : 0
  } finally {
    stopWaiting()
  }
}

/** It has ended without this command. */
function tellEnd(
  { clusterId }: ClusterHandle,
  { status = 'UNKNOWN', diagnostics }: ClusterReport,
  { terminal }: SessionContext,
): number {
  if (status === 'SUCCEEDED') {
    terminal.out(`${clusterId} has ended: ${status}`)
    return 0
  }
  const why = diagnostics.trim()
  throw new FlinkError(
    `The session ${clusterId} has ended: ${status}${why === '' ? '' : `: ${why}`}`,
    {
      code: 'FLINK_CLUSTER_ENDED',
    },
  )
}
