import { FlinkError } from '@flink-ts/core'

/** Where in a file something is wrong; lines and columns count from 1. */
export interface HadoopConfigurationPlace {
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** A file of Hadoop's configuration cannot be read, or what it says makes no sense. */
export class HadoopConfigurationError extends FlinkError {
  readonly file: string | undefined
  readonly line: number | undefined
  readonly column: number | undefined

  constructor(message: string, place: HadoopConfigurationPlace = {}, cause?: unknown) {
    const { file, line, column } = place
    const prefix =
      file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}:${column}: `
    super(`${prefix}${message}`, { code: 'FLINK_HADOOP_CONFIGURATION', cause })
    this.file = file
    this.line = line
    this.column = column
  }
}
