import { CLUSTER_OPTIONS, FULL } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action } from './action.js'
import { clusterClient, parseJobId } from './cluster-client.js'
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
    const client = clusterClient(args, context)
    const full = args.has(FULL)
    terminal.out(`Triggering checkpoint for job ${jobId}.`)
    terminal.out('Waiting for response...')
    const triggerId = await client.triggerCheckpoint(jobId, full ? 'FULL' : 'CONFIGURED')
    const checkpointId = await client.checkpoint(jobId, triggerId, patience(context))
    terminal.out(`Checkpoint${full ? '(FULL)' : ''} ${checkpointId} for job ${jobId} completed.`)
    terminal.out('You can resume your program from this checkpoint with the run command.')
    return 0
  },
}
