import { CLUSTER_OPTIONS } from '../arguments/cluster-options.js'
import { FULL } from '../arguments/options.js'
import { withCluster } from '../targets/cluster-connection.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action } from './action.js'
import { parseJobId } from './job-id.js'
import { patience } from './patience.js'

/** `flink checkpoint`: takes a checkpoint now. */
export const checkpointAction: Action = {
  name: 'checkpoint',
  summary: 'triggers checkpoints for a running job manually.',
  positional: '<Job ID>',
  options: [FULL, ...CLUSTER_OPTIONS],
  async run(args, context) {
    const [word] = args.positional
    if (word === undefined) {
      throw new CliArgumentError('Missing JobID. Specify a Job ID to manipulate a checkpoint.')
    }
    const jobId = parseJobId(word)
    const { terminal } = context
    const full = args.has(FULL)
    terminal.out(`Triggering checkpoint for job ${jobId}.`)
    terminal.out('Waiting for response...')
    const checkpointId = await withCluster(args, context, async (client) => {
      const triggerId = await client.triggerCheckpoint(jobId, full ? 'FULL' : 'CONFIGURED')
      return client.checkpoint(jobId, triggerId, patience(context))
    })
    terminal.out(`Checkpoint${full ? '(FULL)' : ''} ${checkpointId} for job ${jobId} completed.`)
    terminal.out('You can resume your program from this checkpoint with the run command.')
    return 0
  },
}
