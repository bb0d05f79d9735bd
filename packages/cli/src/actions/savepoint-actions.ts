import { resolveUserPath } from '@flink-ts/core'
import type { SavepointFormatType } from '@flink-ts/rest'
import { CLUSTER_OPTIONS } from '../arguments/cluster-options.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import {
  DRAIN,
  SAVEPOINT_DETACHED,
  SAVEPOINT_DISPOSE,
  SAVEPOINT_FORMAT,
  SAVEPOINT_PATH,
} from '../arguments/options.js'
import { withCluster } from '../targets/cluster-connection.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action, ActionContext } from './action.js'
import { parseJobId } from './job-id.js'
import { patience } from './patience.js'
import { withSavepointFolder } from './savepoint-folder.js'

const RESUME = 'You can resume your program from this savepoint with the run command.'

/** `flink stop`: ends a job with a savepoint. */
export const stopAction: Action = {
  name: 'stop',
  summary: 'stops a running program with a savepoint.',
  positional: '<Job ID>',
  options: [DRAIN, SAVEPOINT_PATH, SAVEPOINT_FORMAT, SAVEPOINT_DETACHED, ...CLUSTER_OPTIONS],
  async run(args, context) {
    const [word] = args.positional
    if (word === undefined) {
      throw new CliArgumentError('Missing JobID. Specify a JobID to stop a job.')
    }
    const jobId = parseJobId(word)
    const formatType = formatOf(args)
    const drain = args.has(DRAIN)
    const directory = args.value(SAVEPOINT_PATH)
    const { terminal } = context
    terminal.out(
      `${drain ? 'Draining' : 'Suspending'} job "${jobId}" with a ${formatType} savepoint.`,
    )
    const detached = args.has(SAVEPOINT_DETACHED)
    terminal.out(
      `Triggering stop-with-savepoint ${detached ? 'in detached mode ' : ''}for job ${jobId}.`,
    )
    return withCluster(args, context, async (client) => {
      const triggerId = await withSavepointFolder(
        client.stopWithSavepoint(jobId, {
          drain,
          formatType,
          ...(directory !== undefined && { targetDirectory: folder(directory, context) }),
        }),
        'Name one: flink stop -p <directory> <Job ID>',
      )
      if (detached) {
        terminal.out(
          `Successfully trigger stop-with-savepoint in detached mode, triggerId: ${triggerId}`,
        )
        return 0
      }
      terminal.out('Waiting for response...')
      const path = await client.savepoint(jobId, triggerId, patience(context))
      terminal.out(`Savepoint completed. Path: ${path}`)
      return 0
    })
  },
}

/** `flink savepoint`: takes a savepoint of a job that goes on, or disposes of one. */
export const savepointAction: Action = {
  name: 'savepoint',
  summary: 'triggers savepoints for a running job or disposes existing ones.',
  positional: '<Job ID> [<target directory>]',
  options: [SAVEPOINT_DISPOSE, SAVEPOINT_FORMAT, SAVEPOINT_DETACHED, ...CLUSTER_OPTIONS],
  async run(args, context) {
    const disposed = args.value(SAVEPOINT_DISPOSE)
    if (disposed !== undefined) return dispose(disposed, args, context)
    const [word, directory, ...more] = args.positional
    if (word === undefined) {
      throw new CliArgumentError('Missing JobID. Specify a Job ID to trigger a savepoint.')
    }
    const jobId = parseJobId(word)
    if (more.length > 0) {
      throw new CliArgumentError(
        `Too many arguments: "${more.join(' ')}"; expected ${savepointAction.positional}`,
      )
    }
    const formatType = formatOf(args)
    const { terminal } = context
    const detached = args.has(SAVEPOINT_DETACHED)
    terminal.out(`Triggering savepoint ${detached ? 'in detached mode ' : ''}for job ${jobId}.`)
    return withCluster(args, context, async (client) => {
      const triggerId = await withSavepointFolder(
        client.triggerSavepoint(jobId, {
          formatType,
          ...(directory !== undefined && { 'target-directory': folder(directory, context) }),
        }),
        'Add a directory as the last argument: flink savepoint <Job ID> <directory>',
      )
      if (detached) {
        terminal.out(`Successfully trigger manual savepoint, triggerId: ${triggerId}`)
        return 0
      }
      terminal.out('Waiting for response...')
      const path = await client.savepoint(jobId, triggerId, patience(context))
      terminal.out(`Savepoint completed. Path: ${path}`)
      terminal.out(RESUME)
      return 0
    })
  },
}

async function dispose(
  path: string,
  args: ParsedArguments,
  context: ActionContext,
): Promise<number> {
  const { terminal } = context
  terminal.out(`Disposing savepoint '${path}'.`)
  terminal.out('Waiting for response...')
  await withCluster(args, context, (client) =>
    client.disposeSavepoint(folder(path, context), patience(context)),
  )
  terminal.out(`Savepoint '${path}' disposed.`)
  return 0
}

/** Relative to where the user stands: nobody else knows that place. */
export function folder(path: string, { workingDirectory }: ActionContext): string {
  return resolveUserPath(path, workingDirectory)
}

function formatOf(args: ParsedArguments): SavepointFormatType {
  const text = args.value(SAVEPOINT_FORMAT)?.toUpperCase() ?? 'CANONICAL'
  if (text === 'CANONICAL' || text === 'NATIVE') return text
  throw new CliArgumentError(
    `Unknown savepoint format "${args.value(SAVEPOINT_FORMAT)}": expected canonical or native`,
  )
}
