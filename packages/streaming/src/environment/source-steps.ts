import { resolveUserPath, type Source } from '@flink-ts/core'
import { collectionSource } from '../connectors/collection/collection-source.js'
import { createSequenceSource } from '../connectors/sequence/sequence-source.js'
import {
  createSocketTextSource,
  type SocketTextSourceConfig,
} from '../connectors/socket/socket-text-source.js'
import { createTextFileSource } from '../connectors/textfile/text-file-source.js'
import type { WatermarkStrategy } from '../eventtime/watermark-strategy.js'
import { InvalidProgramError } from '../functions/errors.js'
import type { SourceTransformation } from '../graph/transformation.js'

/** What a program adds when it reads from somewhere, but for what can be set on every operator. */
export type SourceStep = Pick<
  SourceTransformation,
  'boundedness' | 'fingerprint' | 'createSource'
> &
  Partial<SourceTransformation>

type AnySource = Source<unknown, never>

/** Elements that each run of the program has itself. */
export function collectionStep(elements: readonly unknown[]): SourceStep {
  return {
    boundedness: 'BOUNDED',
    fingerprint: `collection of ${elements.length}`,
    createSource: () => collectionSource(elements) as AnySource,
    parallelism: 1,
  }
}

/** Whole numbers, both ends included. */
export function sequenceStep(from: number, to: number): SourceStep {
  const source = createSequenceSource({ from, to }) as AnySource
  return {
    boundedness: 'BOUNDED',
    fingerprint: `sequence ${from} ${to}`,
    createSource: () => source,
  }
}

/** Lines of files. */
export function textFileStep(path: string): SourceStep {
  return {
    boundedness: 'BOUNDED',
    fingerprint: `readTextFile ${JSON.stringify(path)}`,
    createSource: ({ workingDirectory }) =>
      createTextFileSource({ path: resolveUserPath(path, workingDirectory) }) as AnySource,
  }
}

/** Texts of one connection. @throws InvalidProgramError */
export function socketTextStep(config: SocketTextSourceConfig): SourceStep {
  const source = createSocketTextSource(config) as AnySource
  return {
    boundedness: 'CONTINUOUS_UNBOUNDED',
    fingerprint: `socketTextStream ${config.host}:${config.port}`,
    createSource: () => source,
    onlyParallelismOne: 'there is one connection to read from',
  }
}

/**
 * What a source of the program's own reads.
 *
 * @throws InvalidProgramError if it has no `coordinatorReference`
 */
export function sourceStep(
  source: AnySource,
  name: string,
  watermarkStrategy: WatermarkStrategy<unknown> | undefined,
): SourceStep {
  if (source.coordinatorReference === undefined) {
    throw new InvalidProgramError(
      `Cannot read from the source '${name}': it has no coordinatorReference, and enumerators of programs are not ` +
        'supported yet; export a function (config) => Source from a package of the cluster and name it there',
    )
  }
  return {
    boundedness: source.boundedness,
    fingerprint: 'source',
    createSource: () => source,
    ...(watermarkStrategy !== undefined && { watermarkStrategy }),
  }
}
