import { ClientOptions } from '@flink-ts/core'
import { CLUSTER_OPTIONS } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action } from './action.js'
import { cancelJob } from './cancel-job.js'
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
    return cancelJob({
      jobId,
      client: clusterClient(args, context),
      clock: context.clock,
      patienceMs: context.configuration.get(ClientOptions.CLIENT_TIMEOUT),
      tell: (line) => context.terminal.out(line),
    })
  },
}
