import { ClientOptions } from '@flink-ts/core'
import { CLUSTER_OPTIONS } from '../arguments/cluster-options.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { WITH_SAVEPOINT } from '../arguments/options.js'
import { withCluster } from '../targets/cluster-connection.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action, ActionContext } from './action.js'
import { cancelJob } from './cancel-job.js'
import { parseJobId } from './job-id.js'
import { folder } from './savepoint-actions.js'
import { withSavepointFolder } from './savepoint-folder.js'

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
    return withCluster(args, context, async (client, { handle }) => {
      const code = await cancelJob({
        jobId,
        client,
        clock: context.clock,
        patienceMs: context.configuration.get(ClientOptions.CLIENT_TIMEOUT),
        tell: (line) => context.terminal.out(line),
      })
      // A cluster of this job alone waits until somebody knows how it ended; it may have ended just now.
      if (handle !== undefined) await client.executionResult(jobId).catch(() => {})
      return code
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
  const path = await withCluster(args, context, async (client) => {
    const triggerId = await withSavepointFolder(
      client.triggerSavepoint(jobId, {
        'cancel-job': true,
        formatType: 'CANONICAL',
        ...(directory !== undefined && { 'target-directory': directory }),
      }),
      'Name one: flink cancel -s <directory> <Job ID>',
    )
    return client.savepoint(jobId, triggerId)
  })
  terminal.out(`Cancelled job ${jobId}. Savepoint stored in ${path}.`)
  return 0
}
