import { S3Client } from '@aws-sdk/client-s3'
import {
  type FileSystem,
  type FileSystemContext,
  FileSystemOptions,
  IllegalConfigurationError,
} from '@flink-ts/core'
import { S3FileSystem } from './s3-file-system.js'
import { S3Objects } from './s3-objects.js'

const MOST_ATTEMPTS = 5
const CONNECT_TIMEOUT_MS = 10_000
/** Without a byte. */
const REQUEST_TIMEOUT_MS = 60_000

/**
 * Makes the file system of `s3://` from the configuration (`s3.…`).
 *
 * @throws IllegalConfigurationError if one of `s3.access-key` and `s3.secret-key` is set alone
 */
export function createFileSystem({ configuration, random }: FileSystemContext): FileSystem {
  const {
    S3_ACCESS_KEY,
    S3_SECRET_KEY,
    S3_ENDPOINT,
    S3_REGION,
    S3_PATH_STYLE_ACCESS,
    S3_PART_SIZE,
  } = FileSystemOptions
  const accessKeyId = configuration.get(S3_ACCESS_KEY)
  const secretAccessKey = configuration.get(S3_SECRET_KEY)
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const [missing, set] =
      accessKeyId === undefined ? [S3_ACCESS_KEY, S3_SECRET_KEY] : [S3_SECRET_KEY, S3_ACCESS_KEY]
    throw new IllegalConfigurationError(`'${set.key}' is set, but '${missing.key}' is not`, {
      key: missing.key,
    })
  }
  const endpoint = configuration.get(S3_ENDPOINT)
  const region = configuration.get(S3_REGION) ?? (endpoint === undefined ? undefined : 'us-east-1')
  // It would warn of its next release's Node.js in every process and task thread.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  const client = new S3Client({
    forcePathStyle: configuration.get(S3_PATH_STYLE_ACCESS),
    maxAttempts: MOST_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    },
    // Files of state have checksums of their own, and not every server knows those of AWS.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
  })
  const partSizeBytes = configuration.get(S3_PART_SIZE)
  return new S3FileSystem(new S3Objects(client), { random, partSizeBytes })
}
