import {
  type Boundedness,
  type ModuleReference,
  parseDuration,
  type Source,
  type SourceReaderContext,
  type SplitEnumeratorContext,
} from '@flink-ts/core'
import {
  InvalidProgramError,
  jsonSerializer,
  TextFileReader,
  type TextFileSplit,
} from '@flink-ts/streaming'
import { checkAbsolute } from '../check-absolute.js'
import {
  type FileSourceCheckpoint,
  type FileSourceConfig,
  FileSplitEnumerator,
} from './file-split-enumerator.js'

/** Lines of UTF-8 text that end with `\n` or `\r\n`, which are no part of them. The only format of {@link FileSource} yet. */
export class TextLineInputFormat {
  readonly charset = 'UTF-8'
}

const splitSerializer = jsonSerializer<TextFileSplit>('a split of a text file')
const checkpointSerializer = jsonSerializer<FileSourceCheckpoint>('the files of a file source')

/**
 * The lines of text files. Several readers share one file. How far each split is read belongs to checkpoints. With
 * `monitorContinuously` files that appear later are read too; a file must be complete when it gets its name.
 */
export class FileSource implements Source<string, TextFileSplit, FileSourceCheckpoint> {
  readonly boundedness: Boundedness
  readonly splitSerializer = splitSerializer
  readonly enumeratorCheckpointSerializer = checkpointSerializer
  readonly coordinatorReference: ModuleReference
  readonly #config: FileSourceConfig

  /**
   * Begins a source of the lines of files: absolute paths or URIs of files, of folders (with all folders below; names
   * that begin with `.` or `_` are left out), or patterns such as `/logs/*.txt` or `/logs/**\/{a,b}?.log`.
   *
   * @throws InvalidProgramError if there is no path, or one is relative
   */
  static forRecordStreamFormat(
    _format: TextLineInputFormat,
    ...paths: [string, ...string[]]
  ): FileSourceBuilder {
    if (paths.length === 0) {
      throw new InvalidProgramError('Cannot read files: expected at least one path')
    }
    for (const path of paths) checkAbsolute('read', path)
    return new FileSourceBuilder({ paths })
  }

  /** @internal */
  constructor(config: FileSourceConfig) {
    this.boundedness = config.monitorIntervalMs === undefined ? 'BOUNDED' : 'CONTINUOUS_UNBOUNDED'
    this.#config = config
    this.coordinatorReference = {
      module: '@flink-ts/connector-files',
      exportName: 'createFileSource',
      config,
    }
  }

  createReader(context: SourceReaderContext): TextFileReader {
    return new TextFileReader(context)
  }

  createEnumerator(context: SplitEnumeratorContext<TextFileSplit>): FileSplitEnumerator {
    return new FileSplitEnumerator(context, this.#config)
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<TextFileSplit>,
    checkpoint: FileSourceCheckpoint,
  ): FileSplitEnumerator {
    return new FileSplitEnumerator(context, this.#config, checkpoint)
  }
}

/** Settings of a {@link FileSource}. */
export class FileSourceBuilder {
  readonly #config: FileSourceConfig

  /** @internal */
  constructor(config: FileSourceConfig) {
    this.#config = config
  }

  /**
   * The source never ends: it looks for new files this often, a duration such as `10 s`, or milliseconds.
   *
   * @throws InvalidProgramError unless it is longer than 0
   */
  monitorContinuously(interval: string | number): FileSourceBuilder {
    const monitorIntervalMs =
      typeof interval === 'number' ? interval : (parseDuration(interval) ?? Number.NaN)
    if (!(monitorIntervalMs > 0)) {
      throw new InvalidProgramError(
        `Cannot look for files every ${interval}: expected a duration above 0`,
      )
    }
    return new FileSourceBuilder({ ...this.#config, monitorIntervalMs })
  }

  build(): FileSource {
    return new FileSource(this.#config)
  }
}

/**
 * The enumerator side of a {@link FileSource}.
 * @internal
 */
export function createFileSource(config: FileSourceConfig): FileSource {
  return new FileSource(config)
}
