import {
  createFileSystems,
  FlinkError,
  HighAvailabilityOptions,
  noopLogger,
  SystemRandom,
} from '@flink-ts/core'
import type { ZooKeeperClusterInfo } from '@flink-ts/ha-zookeeper'
import { DYNAMIC_PROPERTY, FORCE, HELP, VERBOSE } from '../arguments/options.js'
import { optionsAnywhere } from '../arguments/options-anywhere.js'
import { actionConfiguration } from '../configuration.js'
import { CliArgumentError, type Terminal } from '../terminal/terminal.js'
import type { Action, ActionContext } from './action.js'

const OPTIONS = [FORCE, DYNAMIC_PROPERTY, VERBOSE, HELP]

/** `flink ha`: what clusters have left in ZooKeeper and in `high-availability.storageDir`. */
export const haAction: Action = {
  name: 'ha',
  summary:
    'shows what highly available clusters keep ("list"), or removes what one has left ("remove").',
  positional: 'list | remove <cluster-id>',
  options: OPTIONS,
  async run(first, context) {
    const args = optionsAnywhere(first, first.positional, OPTIONS)
    if (args.has(HELP)) {
      const { actionHelp } = await import('../arguments/help.js')
      context.terminal.out(actionHelp(haAction))
      return 0
    }
    const [verb, clusterId, unknown] = args.positional
    const isConfigured =
      args.values(DYNAMIC_PROPERTY).length === first.values(DYNAMIC_PROPERTY).length
    const configuration = isConfigured
      ? context.configuration
      : await actionConfiguration(args, context.environment, context.workingDirectory)
    const configured = { ...context, configuration }
    if (unknown !== undefined) throw new CliArgumentError(`Unknown argument "${unknown}".`)
    if (verb === 'list' && clusterId === undefined) return list(configured)
    if (verb === 'remove' && clusterId !== undefined) {
      return remove(clusterId, args.has(FORCE), configured)
    }
    throw new CliArgumentError(
      verb === 'remove'
        ? 'Missing cluster id. Specify the high-availability.cluster-id of what is to be removed.'
        : 'Specify what to do: "list", or "remove" and a cluster id.',
    )
  },
}

async function list(context: ActionContext): Promise<number> {
  const { terminal } = context
  const clusters = await open(context)
  try {
    const found = await clusters.list()
    if (found.length === 0) terminal.out('No cluster keeps anything.')
    for (const cluster of found) show(terminal, cluster)
    return 0
  } finally {
    await clusters.close()
  }
}

async function remove(clusterId: string, force: boolean, context: ActionContext): Promise<number> {
  const clusters = await open(context)
  try {
    const removed = await clusters.remove(clusterId, { force })
    context.terminal.out(
      removed
        ? `Removed what cluster ${clusterId} kept.`
        : `Nothing is kept of a cluster ${clusterId}; "flink ha list" shows what there is.`,
    )
    return removed ? 0 : 1
  } finally {
    await clusters.close()
  }
}

/** @throws FlinkError FLINK_CLI_ARGUMENT when the configuration names another kind of high availability, or none */
async function open({ configuration, clock }: ActionContext) {
  const type = configuration.get(HighAvailabilityOptions.HA_MODE)
  if (type.trim().toUpperCase() !== 'ZOOKEEPER') {
    throw new FlinkError(
      `"flink ha" is about clusters on ZooKeeper, but ${HighAvailabilityOptions.HA_MODE.key} is ${type}: set it, and high-availability.zookeeper.quorum, in the configuration or by -D`,
      { code: 'FLINK_CLI_ARGUMENT' },
    )
  }
  const { createZooKeeperClusters } = await import('@flink-ts/ha-zookeeper')
  const random = new SystemRandom()
  const fileSystems = createFileSystems({ configuration, clock, random })
  return createZooKeeperClusters({ configuration, fileSystems, clock, random, log: noopLogger })
}

function show(terminal: Terminal, cluster: ZooKeeperClusterInfo): void {
  const { clusterId, leaderUrl, contenders, jobs, nodes, bytes } = cluster
  const kept = `${nodes} nodes${bytes === undefined ? '' : `, ${bytes} bytes in files`}`
  terminal.out(`Cluster ${clusterId}: ${kept}`)
  terminal.out(
    contenders.length === 0
      ? `  No JobManager runs. "flink ha remove ${clusterId}" removes all of it, with its jobs.`
      : `  JobManagers: ${contenders.join(', ')}; ${leaderUrl === undefined ? 'none leads' : `the first leads at ${leaderUrl}`}`,
  )
  for (const { jobId, name, state, checkpoints } of jobs) {
    const what = name === undefined ? '' : ` : ${name}`
    terminal.out(`  ${jobId}${what} (${STATES[state]}, ${checkpoints} checkpoints)`)
  }
}

const STATES: Readonly<Record<ZooKeeperClusterInfo['jobs'][number]['state'], string>> = {
  submitted: 'not ended',
  ended: 'ended, not cleaned up yet',
  rest: 'left over',
}
