import { CLUSTER_OPTIONS } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action } from './action.js'
import { clusterClient, parseJobId } from './cluster-client.js'

/** `flink cancel`: ends a job without a savepoint. */
export const cancelAction: Action = {
  name: 'cancel',
  summary: 'cancels a job.',
  positional: '<Job ID>',
  options: [...CLUSTER_OPTIONS],
  async run(args, context) {
    const [word] = args.positional
    if (word === undefined) {
      throw new CliArgumentError('Missing JobID. Specify a JobID to cancel a job.')
    }
    const jobId = parseJobId(word)
    context.terminal.out(`Cancelling job ${jobId}.`)
    await clusterClient(args, context).cancelJob(jobId)
    context.terminal.out(`Cancelled job ${jobId}.`)
    return 0
  },
}
