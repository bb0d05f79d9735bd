import { ClientOptions } from '@flink-ts/core'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { CLUSTER_OPTIONS, WITH_SAVEPOINT } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action, ActionContext } from './action.js'
import { cancelJob } from './cancel-job.js'
import { clusterClient, parseJobId } from './cluster-client.js'
import { folder } from './savepoint-actions.js'

/** `flink cancel`: ends a job, with a savepoint if asked for. */
export const cancelAction: Action = {
  name: 'cancel',
  summary: 'cancels a running program.',
  positional: '<Job ID>',
  options: [WITH_SAVEPOINT, ...CLUSTER_OPTIONS],
  async run(args, context) {
    if (args.has(WITH_SAVEPOINT)) return cancelWithSavepoint(args, context)
    const [word] = args.positional
    if (word === undefined) {
      throw new CliArgumentError('Missing JobID. Specify a JobID to cancel a job.')
    }
    const jobId = parseJobId(word)
    context.terminal.out(`Cancelling job ${jobId}.`)
    return cancelJob({
      jobId,
      client: clusterClient(args, context),
      clock: context.clock,
      patienceMs: context.configuration.get(ClientOptions.CLIENT_TIMEOUT),
      tell: (line) => context.terminal.out(line),
    })
  },
}

async function cancelWithSavepoint(args: ParsedArguments, context: ActionContext): Promise<number> {
  // The directory may be left out: then what stands in its place is the job.
  const [word] = args.positional
  const given = args.value(WITH_SAVEPOINT)!
  const jobId = parseJobId(word ?? given)
  const directory = word === undefined ? undefined : folder(given, context)
  const { terminal } = context
  terminal.err(
    'Warning: "cancel -s" is an older form; "stop" also commits what belongs to the savepoint.',
  )
  const where = directory ?? 'default savepoint directory'
  terminal.out(`Cancelling job ${jobId} with CANONICAL savepoint to ${where}.`)
  const client = clusterClient(args, context)
  const triggerId = await client.triggerSavepoint(jobId, {
    'cancel-job': true,
    formatType: 'CANONICAL',
    ...(directory !== undefined && { 'target-directory': directory }),
  })
  const path = await client.savepoint(jobId, triggerId)
  terminal.out(`Cancelled job ${jobId}. Savepoint stored in ${path}.`)
  return 0
}
