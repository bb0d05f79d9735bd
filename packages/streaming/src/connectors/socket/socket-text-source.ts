import type { Source, SourceSplit, SplitEnumeratorContext } from '@flink-ts/core'
import { InvalidProgramError } from '../../functions/errors.js'
import { jsonSerializer } from '../splits/json-serializer.js'
import {
  type SplitQueueCheckpoint,
  SplitQueueEnumerator,
} from '../splits/split-queue-enumerator.js'
import { SocketTextReader } from './socket-text-reader.js'

/** Settings of a socket text source. JSON. */
export interface SocketTextSourceConfig {
  readonly host: string
  readonly port: number
  /** What ends a text; `\n` unless given, which takes a `\r` before it too. */
  readonly delimiter?: string
  /** How often a connection that ended or failed is made again: 0 unless given, -1 always. */
  readonly maxRetry?: number
}

const splitSerializer = jsonSerializer<SourceSplit>('the split of a socket')
const enumeratorCheckpointSerializer =
  jsonSerializer<SplitQueueCheckpoint<SourceSplit>>('the split of a socket')

/**
 * A source of the texts that come over a TCP connection, in UTF-8; also its enumerator side on the JobManager.
 * Runs with parallelism 1. What was read before a failure is not read again.
 *
 * @throws InvalidProgramError if the port, the delimiter or the number of retries cannot be used
 */
export function createSocketTextSource(
  config: SocketTextSourceConfig,
): Source<string, SourceSplit, SplitQueueCheckpoint<SourceSplit>> {
  check(config)
  const { host, port, delimiter = '\n', maxRetry = 0 } = config
  const enumerator = (
    context: SplitEnumeratorContext<SourceSplit>,
    checkpoint?: SplitQueueCheckpoint<SourceSplit>,
  ) => new SplitQueueEnumerator(context, () => [{ splitId: `${host}:${port}` }], checkpoint)
  return {
    boundedness: 'CONTINUOUS_UNBOUNDED',
    createReader: (context) => new SocketTextReader(context, { host, port, delimiter, maxRetry }),
    createEnumerator: (context) => enumerator(context),
    restoreEnumerator: (context, checkpoint) => enumerator(context, checkpoint),
    splitSerializer,
    enumeratorCheckpointSerializer,
    coordinatorReference: {
      module: '@flink-ts/streaming',
      exportName: 'createSocketTextSource',
      config: { host, port, delimiter, maxRetry },
    },
  }
}

function check({ port, delimiter, maxRetry = 0 }: SocketTextSourceConfig): void {
  const refuse = (what: string, value: unknown, expected: string) => {
    throw new InvalidProgramError(
      `Cannot use ${JSON.stringify(value)} as ${what} of socketTextStream: expected ${expected}`,
    )
  }
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    refuse('the port', port, 'a whole number from 1 to 65535')
  }
  if (delimiter === '') refuse('the delimiter', delimiter, 'a text')
  if (!Number.isInteger(maxRetry) || maxRetry < -1) {
    refuse('maxRetry', maxRetry, 'a whole number from 0 on, or -1 for no limit')
  }
}
