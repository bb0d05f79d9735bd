import { ConfigOptions } from '../config-options.js'

/** Where files are that are not on this machine. */
export const FileSystemOptions = {
  PACKAGES: ConfigOptions.key('filesystem.packages')
    .mapType()
    .noDefaultValue()
    .withDescription(
      'Packages that serve further schemes of paths, by scheme, such as `gs:@example/filesystem-gs`; each exports `createFileSystem`. `s3`, `hdfs`, `webhdfs` and `swebhdfs` are known without it.',
    ),
  S3_ACCESS_KEY: ConfigOptions.key('s3.access-key')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('s3.access.key')
    .withDescription(
      "Access key for `s3://`; otherwise what the AWS SDK finds: environment variables, its own files, or the machine's role.",
    ),
  S3_SECRET_KEY: ConfigOptions.key('s3.secret-key')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('s3.secret.key')
    .withDescription('Secret to `s3.access-key`.'),
  S3_ENDPOINT: ConfigOptions.key('s3.endpoint')
    .stringType()
    .noDefaultValue()
    .withDescription('URL of a server that speaks the protocol of S3; otherwise that of AWS.'),
  S3_REGION: ConfigOptions.key('s3.region')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('s3.endpoint.region')
    .withDescription(
      'Region of the buckets; otherwise what the AWS SDK finds, with `s3.endpoint` `us-east-1`.',
    ),
  S3_PATH_STYLE_ACCESS: ConfigOptions.key('s3.path.style.access')
    .booleanType()
    .defaultValue(false)
    .withDeprecatedKeys('s3.path-style-access')
    .withDescription(
      'The bucket is a part of the path, not of the host; most servers but AWS want it.',
    ),
  S3_PART_SIZE: ConfigOptions.key('s3.upload.part-size')
    .memorySizeType({ min: 5 * 1024 * 1024, max: 5 * 1024 * 1024 * 1024 })
    .defaultValue(8 * 1024 * 1024)
    .withDescription(
      'Larger files are uploaded in parts of this size, of which each open file holds one in memory; 10000 of them are the most.',
    ),
  WEBHDFS_NAMENODES: ConfigOptions.key('webhdfs.namenodes')
    .listType()
    .noDefaultValue()
    .withDescription(
      'HTTP addresses (`host:port`) of the NameNodes that serve `hdfs://` and `webhdfs://` paths, whatever host these name; of several the one that is active is found. Otherwise the host of the path, for `hdfs://` with `webhdfs.port`.',
    ),
  WEBHDFS_PORT: ConfigOptions.key('webhdfs.port')
    .intType({ min: 1, max: 65535 })
    .defaultValue(9870)
    .withDescription('HTTP port of the NameNode that an `hdfs://` path names.'),
  WEBHDFS_USER_NAME: ConfigOptions.key('webhdfs.user.name')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'User in whose name HDFS is asked (simple authentication); otherwise `HADOOP_USER_NAME`, otherwise the user of the process.',
    ),
  WEBHDFS_REQUEST_TIMEOUT: ConfigOptions.key('webhdfs.request.timeout')
    .durationType({ min: 1 })
    .defaultValue(60_000)
    .withDescription('How long one request may be without an answer.'),
} as const
