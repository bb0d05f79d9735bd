import { ConfigOptions } from '../config-options.js'

/** General settings. */
export const CoreOptions = {
  DEFAULT_PARALLELISM: ConfigOptions.key('parallelism.default')
    .intType({ min: 1, max: 32768 })
    .defaultValue(1)
    .withDescription('Parallelism of what neither the program nor the command line sets.'),
  TMP_DIRS: ConfigOptions.key('io.tmp.dirs')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('taskmanager.tmp.dirs')
    .withDescription(
      "Folders for temporary files, separated by `,` or `:`; otherwise the machine's temporary folder.",
    ),
  DEFAULT_FILESYSTEM_SCHEME: ConfigOptions.key('fs.default-scheme')
    .stringType()
    .noDefaultValue()
    .withDescription('Scheme of paths that have none; `file` unless set.'),
} as const
