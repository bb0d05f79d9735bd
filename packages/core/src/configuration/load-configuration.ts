import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Configuration } from './configuration.js'
import { IllegalConfigurationError } from './illegal-configuration-error.js'
import { parseYamlConfiguration } from './parse-yaml-configuration.js'

/** The file that wins if it exists; the other one is that of Flink 2.x. */
const LEGACY_FILE_NAME = 'flink-conf.yaml'
const FILE_NAME = 'config.yaml'

export interface LoadConfigurationOptions {
  /** The folder with `flink-conf.yaml` or `config.yaml`. */
  readonly confDir: string
  /** Environment variables; `FLINK_PROPERTIES` (lines `key: value`) wins over the file. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What `-D` gave; wins over everything. */
  readonly dynamicProperties?: Configuration
}

export interface LoadedConfiguration {
  readonly configuration: Configuration
  /** The file that was read. */
  readonly file: string
  /** To be logged, one line each. */
  readonly warnings: readonly string[]
}

/**
 * Reads the configuration of a process from its folder, its environment and its command line.
 * The values are not looked at; `checkConfiguration` does that.
 *
 * @throws IllegalConfigurationError if the folder or both files are missing, or a line is not valid
 */
export async function loadConfiguration(
  options: LoadConfigurationOptions,
): Promise<LoadedConfiguration> {
  const { confDir, env = {}, dynamicProperties } = options
  const legacy = join(confDir, LEGACY_FILE_NAME)
  const modern = join(confDir, FILE_NAME)
  const legacyText = await readIfThere(legacy)
  const modernText = await readIfThere(modern)
  const file = legacyText === undefined ? modern : legacy
  const text = legacyText ?? modernText
  if (text === undefined) throw await missing(confDir)

  const warnings: string[] = []
  if (legacyText !== undefined && modernText !== undefined) {
    warnings.push(`${modern} is ignored because ${legacy} exists; remove one of them`)
  }
  const configuration = await parseYamlConfiguration(text, `configuration file ${file}`)
  const { FLINK_PROPERTIES: properties } = env
  if (properties !== undefined) {
    const source = 'environment variable FLINK_PROPERTIES'
    configuration.merge(await parseYamlConfiguration(properties, source))
  }
  if (dynamicProperties !== undefined) configuration.merge(dynamicProperties)
  return { configuration, file, warnings }
}

/**
 * Takes `-D key=value` and `-Dkey=value` out of command-line arguments; `-D key` alone means `true`.
 * Nothing behind `--` is looked at; a later value wins.
 *
 * @returns the properties, and the other arguments in their order
 * @throws IllegalConfigurationError for a `-D` without key
 */
export function parseDynamicProperties(args: readonly string[]): {
  properties: Configuration
  rest: string[]
} {
  const properties = new Configuration()
  const rest: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') {
      rest.push(...args.slice(i))
      break
    }
    if (!arg.startsWith('-D')) {
      rest.push(arg)
      continue
    }
    const property = arg === '-D' ? (args[++i] ?? '') : arg.slice(2)
    const [, key, value] = /^([^=]*)(?:=(.*))?$/s.exec(property)!
    if (key!.trim() === '') {
      throw new IllegalConfigurationError(
        `Cannot use the option '${arg}${arg === '-D' && property !== '' ? ` ${property}` : ''}': expected -D key=value`,
      )
    }
    properties.setString(key!.trim(), value ?? 'true')
  }
  return { properties, rest }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new IllegalConfigurationError(`Cannot read configuration file ${file}: ${code}`, {
      cause: error,
    })
  }
}

async function missing(confDir: string): Promise<IllegalConfigurationError> {
  const there = await stat(confDir).catch(() => undefined)
  const what = there?.isDirectory()
    ? `there is neither ${LEGACY_FILE_NAME} nor ${FILE_NAME} in ${confDir}`
    : `the folder ${confDir} does not exist`
  return new IllegalConfigurationError(
    `Cannot load the configuration: ${what}; set FLINK_CONF_DIR to the folder that has it`,
  )
}
