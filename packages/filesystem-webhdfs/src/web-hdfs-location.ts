import { remotePathOf } from '@flink-ts/core'

/** One path of HDFS. */
export interface WebHdfsLocation {
  /** Host, host and port, or name of a service, as in the URI. */
  readonly authority: string
  /** Absolute and normalized. */
  readonly hdfsPath: string
  /** The URI, normalized. */
  readonly path: string
}

/** @throws FileSystemError if it is of another scheme */
export function webHdfsLocationOf(uri: string, scheme: string): WebHdfsLocation {
  const { authority, path } = remotePathOf(uri, scheme)
  return { authority, hdfsPath: path, path: `${scheme}://${authority}${path}` }
}
