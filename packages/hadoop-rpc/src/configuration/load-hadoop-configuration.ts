import { homedir, tmpdir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ConfigurationFiles, localConfigurationFiles } from './configuration-files.js'
import { DEFAULT_PROPERTIES, DEPRECATED_NAMES } from './default-properties.js'
import { expandVariables } from './expand-variables.js'
import type { HadoopConfiguration } from './hadoop-configuration.js'
import { HadoopConfigurationError } from './hadoop-configuration-error.js'
import { type Inclusion, type Property, parseProperties } from './parse-properties.js'

/** Where Hadoop's configuration is looked for, and what goes over it. */
export interface LoadHadoopConfigurationOptions {
  /** `HADOOP_CONF_DIR`, `YARN_CONF_DIR` and `HADOOP_HOME` are looked at, and what `${env.NAME}` names; default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Go over everything in the files, final properties too. */
  readonly overrides?: Readonly<Record<string, string>>
  /** What `${name}` finds before it looks at the configuration; default: `user.name`, `user.home` and `java.io.tmpdir` of this process. */
  readonly systemProperties?: Readonly<Record<string, string | undefined>>
  readonly files?: ConfigurationFiles
}

const FILES = ['core-site.xml', 'hdfs-site.xml', 'yarn-site.xml']
const MAX_INCLUSION_DEPTH = 10

/**
 * Reads `core-site.xml`, `hdfs-site.xml` and `yarn-site.xml` in `HADOOP_CONF_DIR` and `YARN_CONF_DIR`, or, if neither is set, in
 * `$HADOOP_HOME/etc/hadoop`. Each file is taken from the first folder that has it; later files go over earlier ones, but not over
 * their final properties. Without any folder there are the overrides and Hadoop's defaults.
 *
 * @throws HadoopConfigurationError if a folder is not there or a file is damaged; file, line and column are named
 */
export async function loadHadoopConfiguration(
  options: LoadHadoopConfigurationOptions = {},
): Promise<HadoopConfiguration> {
  const { environment = {}, overrides = {}, files = localConfigurationFiles } = options
  const folders = await foldersOf(environment, files)
  const values = new Map<string, string>()
  const finals = new Set<string>()
  for (const name of FILES) {
    const found = await firstFile(folders, name, files)
    if (found === undefined) continue
    const locked = new Set(finals)
    for (const property of await propertiesOf(found.path, found.text, files, 0)) {
      const key = currentName(property.name)
      if (locked.has(key)) continue
      values.set(key, property.value)
      if (property.isFinal) finals.add(key)
    }
  }
  for (const [name, value] of Object.entries(overrides)) values.set(currentName(name), value)
  return new LoadedHadoopConfiguration(folders, values, {
    environment,
    systemProperties: options.systemProperties ?? propertiesOfThisProcess(),
  })
}

class LoadedHadoopConfiguration implements HadoopConfiguration {
  readonly folders: readonly string[]
  readonly #values: ReadonlyMap<string, string>
  readonly #sources: Parameters<typeof expandVariables>[2]

  constructor(
    folders: readonly string[],
    values: ReadonlyMap<string, string>,
    sources: Omit<Parameters<typeof expandVariables>[2], 'property'>,
  ) {
    this.folders = folders
    this.#values = values
    this.#sources = { ...sources, property: (name) => this.#raw(name) }
  }

  get(name: string): string | undefined {
    const raw = this.#raw(name)
    return raw === undefined ? undefined : expandVariables(name, raw, this.#sources)
  }

  has(name: string): boolean {
    return this.#values.has(currentName(name))
  }

  #raw(name: string): string | undefined {
    const key = currentName(name)
    return this.#values.get(key) ?? DEFAULT_PROPERTIES.get(key)
  }
}

async function foldersOf(
  environment: Readonly<Record<string, string | undefined>>,
  files: ConfigurationFiles,
): Promise<readonly string[]> {
  const folders: string[] = []
  for (const name of ['HADOOP_CONF_DIR', 'YARN_CONF_DIR']) {
    const folder = environment[name]
    if (folder === undefined || folder === '' || folders.includes(folder)) continue
    if (!(await files.isFolder(folder)))
      throw new HadoopConfigurationError(
        `${name} is ${folder}, and there is no such folder: it should be the folder of core-site.xml and yarn-site.xml`,
      )
    folders.push(folder)
  }
  const home = environment['HADOOP_HOME']
  if (folders.length === 0 && home !== undefined && home !== '') {
    const folder = join(home, 'etc', 'hadoop')
    if (await files.isFolder(folder)) folders.push(folder)
  }
  return folders
}

async function firstFile(folders: readonly string[], name: string, files: ConfigurationFiles) {
  for (const folder of folders) {
    const path = join(folder, name)
    const text = await readOrExplain(path, files)
    if (text !== undefined) return { path, text }
  }
  return undefined
}

async function propertiesOf(
  path: string,
  text: string,
  files: ConfigurationFiles,
  depth: number,
): Promise<Property[]> {
  return await resolveInclusions(parseProperties(text, path), path, files, depth)
}

async function resolveInclusions(
  entries: readonly (Property | Inclusion)[],
  path: string,
  files: ConfigurationFiles,
  depth: number,
): Promise<Property[]> {
  const found: Property[] = []
  for (const entry of entries) {
    if (!('href' in entry)) {
      found.push(entry)
      continue
    }
    const place = { file: path, line: entry.line, column: entry.column }
    if (depth >= MAX_INCLUSION_DEPTH)
      throw new HadoopConfigurationError(
        `Files include each other more than ${MAX_INCLUSION_DEPTH} levels deep`,
        place,
      )
    const target = entry.href.startsWith('file:')
      ? fileURLToPath(entry.href)
      : resolve(dirname(path), entry.href)
    const text = await readOrExplain(target, files)
    if (text !== undefined) found.push(...(await propertiesOf(target, text, files, depth + 1)))
    else if (entry.fallback !== undefined)
      found.push(...(await resolveInclusions(entry.fallback, path, files, depth + 1)))
    else throw new HadoopConfigurationError(`The included file ${target} is not there`, place)
  }
  return found
}

async function readOrExplain(path: string, files: ConfigurationFiles) {
  try {
    return await files.read(path)
  } catch (error) {
    throw new HadoopConfigurationError(
      `The file cannot be read: ${(error as Error).message}`,
      { file: path },
      error,
    )
  }
}

const currentName = (name: string) => DEPRECATED_NAMES.get(name) ?? name

function propertiesOfThisProcess(): Readonly<Record<string, string | undefined>> {
  return {
    'user.name': userInfo().username,
    'user.home': homedir(),
    'java.io.tmpdir': tmpdir(),
  }
}
