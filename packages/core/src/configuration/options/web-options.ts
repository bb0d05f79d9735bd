import { ConfigOptions } from '../config-options.js'

/** What the REST endpoint permits and keeps. */
export const WebOptions = {
  SUBMIT_ENABLE: ConfigOptions.key('web.submit.enable')
    .booleanType()
    .defaultValue(true)
    .withDescription('Whether programs can be uploaded and run through the web.'),
  CANCEL_ENABLE: ConfigOptions.key('web.cancel.enable')
    .booleanType()
    .defaultValue(true)
    .withDescription('Whether jobs can be cancelled through the web.'),
  REFRESH_INTERVAL: ConfigOptions.key('web.refresh-interval')
    .durationType({ min: 1 })
    .defaultValue(3000)
    .withDescription('How often a web page asks for news.'),
  MAX_EXCEPTION_HISTORY_SIZE: ConfigOptions.key('web.exception-history-size')
    .intType({ min: 1 })
    .defaultValue(16)
    .withDescription('Failures remembered per job.'),
  CHECKPOINTS_HISTORY_SIZE: ConfigOptions.key('web.checkpoints.history')
    .intType({ min: 0 })
    .defaultValue(10)
    .withDescription('Checkpoints remembered per job.'),
  ACCESS_CONTROL_ALLOW_ORIGIN: ConfigOptions.key('web.access-control-allow-origin')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Origin of foreign web pages that may use the REST endpoint. Unlike Flink none may unless set.',
    ),
  TMP_DIR: ConfigOptions.key('web.tmpdir')
    .stringType()
    .noDefaultValue()
    .withDescription('Folder for temporary files of the endpoint; otherwise that of the machine.'),
  UPLOAD_DIR: ConfigOptions.key('web.upload.dir')
    .stringType()
    .noDefaultValue()
    .withDescription('Folder for uploaded programs; otherwise below `web.tmpdir`.'),
  TIMEOUT: ConfigOptions.key('web.timeout')
    .durationType({ min: 1 })
    .defaultValue(600_000)
    .withDescription('How long the endpoint waits for an answer from inside the cluster.'),
  LOG_PATH: ConfigOptions.key('web.log.path')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Log file of the JobManager that REST shows, if it is not the one the process writes.',
    ),
} as const
