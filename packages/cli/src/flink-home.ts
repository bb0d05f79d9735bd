import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Configuration } from '@flink-ts/core'

/**
 * The folder of the installation: what `bin/` and `conf/` are in. The scripts hand it over; a command that
 * is run without them finds it from its own place, three folders up.
 */
export function flinkHome(environment: Readonly<Record<string, string | undefined>>): string {
  return (
    environment['FLINK_HOME'] ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
  )
}

/** The folder of the configuration files: `FLINK_CONF_DIR`, else `conf` of the installation. */
export function configurationFolder(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return environment['FLINK_CONF_DIR'] ?? join(flinkHome(environment), 'conf')
}

/** The given `-D key=value` words as a configuration. */
export function dynamicProperties(words: readonly string[]): Configuration {
  const values: Record<string, string> = {}
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals < 0) values[word] = 'true'
    else values[word.slice(0, equals)] = word.slice(equals + 1)
  }
  return Configuration.fromMap(values)
}
