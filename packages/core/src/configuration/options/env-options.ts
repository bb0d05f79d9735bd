import { ConfigOptions } from '../config-options.js'

/** What the scripts in `bin/` read before a process starts. */
export const EnvOptions = {
  LOG_DIR: ConfigOptions.key('env.log.dir')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Folder of the log files; otherwise `log` in the installation. `FLINK_LOG_DIR` wins.',
    ),
  LOG_LEVEL: ConfigOptions.key('env.log.level')
    .enumType('ERROR', 'WARN', 'INFO', 'DEBUG')
    .defaultValue('INFO')
    .withDescription('Least severity that is logged. `ROOT_LOG_LEVEL` wins.'),
  LOG_MAX: ConfigOptions.key('env.log.max')
    .intType({ min: 1 })
    .defaultValue(10)
    .withDescription('Most old log files that are kept per process.'),
  PID_DIR: ConfigOptions.key('env.pid.dir')
    .stringType()
    .defaultValue('/tmp')
    .withDescription('Folder of the pid files. `FLINK_PID_DIR` wins.'),
  SSH_OPTS: ConfigOptions.key('env.ssh.opts')
    .stringType()
    .noDefaultValue()
    .withDescription('Options for ssh when processes start on other hosts. `FLINK_SSH_OPTS` wins.'),
} as const
