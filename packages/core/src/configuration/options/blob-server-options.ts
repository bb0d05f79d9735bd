import { ConfigOptions } from '../config-options.js'

/** The server from which TaskManagers fetch programs and large messages. */
export const BlobServerOptions = {
  PORT: ConfigOptions.key('blob.server.port')
    .portRangeType()
    .defaultValue('0')
    .withDescription('Port of the BLOB server or ports to try; 0 takes any free one.'),
  STORAGE_DIRECTORY: ConfigOptions.key('blob.storage.directory')
    .stringType()
    .noDefaultValue()
    .withDescription('Folder for BLOBs; otherwise in the working folder of the process.'),
  OFFLOAD_MINSIZE: ConfigOptions.key('blob.offload.minsize')
    .intType({ min: 0 })
    .defaultValue(1024 * 1024)
    .withDescription('Larger parts of messages (in bytes) travel through the BLOB server.'),
  FETCH_RETRIES: ConfigOptions.key('blob.fetch.retries')
    .intType({ min: 0 })
    .defaultValue(5)
    .withDescription('How often a failed fetch is repeated.'),
  MAX_SIZE: ConfigOptions.key('blob.max-size')
    .memorySizeType({ min: 1024, max: 0x7fff_ffff })
    .defaultValue(256 * 1024 * 1024)
    .withDescription(
      'Largest BLOB that a JobManager keeps and a TaskManager fetches. Not a key of Flink.',
    ),
  FETCH_CONCURRENT: ConfigOptions.key('blob.fetch.num-concurrent')
    .intType({ min: 1 })
    .defaultValue(50)
    .withDescription('Fetches that the server serves at the same time.'),
  CLEANUP_INTERVAL_SECONDS: ConfigOptions.key('blob.service.cleanup.interval')
    .longType({ min: 1 })
    .defaultValue(3600)
    .withDescription('Seconds that a TaskManager keeps BLOBs of jobs it no longer runs.'),
} as const
