import { FileSystemError, remotePathOf } from '@flink-ts/core'

/** One key of one bucket, or the bucket itself. */
export interface S3Location {
  readonly bucket: string
  /** Without a slash at either end; empty: the bucket. */
  readonly key: string
  /** As URI, normalized. */
  readonly path: string
}

/** @throws FileSystemError if it is no `s3://bucket/…` */
export function s3LocationOf(uri: string): S3Location {
  const { authority, path } = remotePathOf(uri, 's3')
  if (authority === '') {
    throw new FileSystemError(
      `Cannot use the path '${uri}': it names no bucket; expected s3://bucket/…`,
      { path: uri },
    )
  }
  const key = path.slice(1)
  return { bucket: authority, key, path: `s3://${authority}${key === '' ? '' : `/${key}`}` }
}
