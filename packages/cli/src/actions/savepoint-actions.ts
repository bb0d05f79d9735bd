import { FlinkError } from '@flink-ts/core'
import {
  CLUSTER_OPTIONS,
  DRAIN,
  SAVEPOINT_DETACHED,
  SAVEPOINT_DISPOSE,
  SAVEPOINT_FORMAT,
  SAVEPOINT_PATH,
} from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action } from './action.js'
import { parseJobId } from './cluster-client.js'

/** What asks for a savepoint is refused. @param instead what can be done in its place */
export function savepointsUnavailable(what: string, instead: string): FlinkError {
  return new FlinkError(`Cannot ${what}: there are no savepoints in this release; ${instead}`, {
    code: 'FLINK_NOT_SUPPORTED',
  })
}

/** `flink stop`: known with its options, refused until there are savepoints. */
export const stopAction: Action = {
  name: 'stop',
  summary: 'stops a job with a savepoint (not in this release).',
  positional: '<Job ID>',
  options: [...CLUSTER_OPTIONS, DRAIN, SAVEPOINT_DETACHED, SAVEPOINT_PATH, SAVEPOINT_FORMAT],
  async run(args) {
    const [word] = args.positional
    if (word === undefined) {
      throw new CliArgumentError('Missing JobID. Specify a JobID to stop a job.')
    }
    throw savepointsUnavailable(
      `stop job ${parseJobId(word)}`,
      'flink cancel ends a job without one',
    )
  },
}

/** `flink savepoint`: known with its options, refused until there are savepoints. */
export const savepointAction: Action = {
  name: 'savepoint',
  summary: 'takes or disposes of a savepoint (not in this release).',
  positional: '<Job ID> [<target directory>]',
  options: [...CLUSTER_OPTIONS, SAVEPOINT_DISPOSE, SAVEPOINT_DETACHED, SAVEPOINT_FORMAT],
  async run(args) {
    const [word] = args.positional
    const what = word === undefined ? 'dispose of a savepoint' : `take a savepoint of job ${word}`
    throw savepointsUnavailable(what, 'leave it out')
  },
}
