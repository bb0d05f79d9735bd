import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { Configuration, FlinkError, isSensitiveKey, YarnOptions } from '@flink-ts/core'
import type { ActionContext } from '../actions/action.js'

/** Of Flink's file. */
const APPLICATION_ID = 'applicationID'
const DYNAMIC_PROPERTIES = 'dynamicPropertiesString'
const SEPARATOR = '@@'
/** More is no file of ours. */
const MAX_BYTES = 1_000_000

/** A session on YARN as a file tells of it. */
export interface YarnSessionProperties {
  readonly path: string
  readonly applicationId: string
  /** What was said by `-D` and the like when it was started. */
  readonly configuration: Configuration
}

/** In `yarn.properties-file.location`, else in the folder for temporary files. */
export function yarnPropertiesPath(configuration: Configuration): string {
  const folder = configuration.get(YarnOptions.PROPERTIES_FILE_LOCATION) ?? tmpdir()
  return join(folder, `.yarn-properties-${userName()}`)
}

/**
 * The session that was started last by this user. A file in a folder that others can write to may be anybody's: only one
 * that this user alone can have written is believed, any other is told of and ignored.
 */
export function findYarnSession({
  configuration,
  terminal,
}: Pick<ActionContext, 'configuration' | 'terminal'>): YarnSessionProperties | undefined {
  const path = yarnPropertiesPath(configuration)
  let text: string | undefined
  try {
    text = readOwn(path)
  } catch (error) {
    terminal.err(`Warning: ignoring ${path}: ${(error as Error).message}`)
    return undefined
  }
  if (text === undefined) return undefined
  const properties = parse(text)
  const applicationId = properties.get(APPLICATION_ID)
  if (applicationId === undefined || !/^application_\d+_\d+$/.test(applicationId)) {
    terminal.err(`Warning: ignoring ${path}: it names no application; remove it`)
    return undefined
  }
  const words = (properties.get(DYNAMIC_PROPERTIES) ?? '').split(SEPARATOR)
  const values: Record<string, string> = {}
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals > 0) values[word.slice(0, equals)] = word.slice(equals + 1)
  }
  return { path, applicationId, configuration: Configuration.fromMap(values) }
}

/**
 * Leaves the session for later commands of this user: mode 0600.
 *
 * @returns its path
 * @throws FlinkError FLINK_YARN_PROPERTIES_FILE
 */
export function writeYarnSession(
  configuration: Configuration,
  session: Pick<YarnSessionProperties, 'applicationId' | 'configuration'>,
): string {
  const path = yarnPropertiesPath(configuration)
  const words = Object.entries(session.configuration.toMap())
    // Their values would end the property, or be two.
    .filter(
      ([key, value]) => !isSensitiveKey(key) && !value.includes(SEPARATOR) && !/[\r\n]/.test(value),
    )
    .map(([key, value]) => `${key}=${value}`)
  const text = [
    '# The session on YARN that was started last, for the commands of this user.',
    `${APPLICATION_ID}=${session.applicationId}`,
    `${DYNAMIC_PROPERTIES}=${escaped(words.join(SEPARATOR))}`,
    '',
  ].join('\n')
  const temporary = `${path}-${randomBytes(8).toString('hex')}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw new FlinkError(
      `Cannot write ${path}, by which flink run finds the session: ${(cause as Error).message}; ` +
        `name it by -Dyarn.application.id=${session.applicationId}, or set ${YarnOptions.PROPERTIES_FILE_LOCATION.key} to a folder of your own`,
      { code: 'FLINK_YARN_PROPERTIES_FILE', cause },
    )
  }
  return path
}

/** Removes the file if it tells of this session. */
export function removeYarnSession(
  context: Pick<ActionContext, 'configuration' | 'terminal'>,
  applicationId: string,
): void {
  const found = findYarnSession({ ...context, terminal: { ...context.terminal, err: () => {} } })
  if (found?.applicationId === applicationId) rmSync(found.path, { force: true })
}

/** @throws Error saying why the file is not believed */
function readOwn(path: string): string | undefined {
  let file: number
  try {
    // No link, which may lead anywhere, and nothing that has no end.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Error(code === 'ELOOP' ? 'it is a symbolic link' : message)
  }
  try {
    const { uid, mode, size, isFile } = describe(file)
    if (!isFile) throw new Error('it is no file')
    const own = process.getuid?.() ?? uid
    if (uid !== own) throw new Error(`it belongs to user ${uid}, not to ${own}`)
    if ((mode & 0o022) !== 0) throw new Error('others can write to it')
    if (size > MAX_BYTES) throw new Error('it is too large')
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function describe(file: number) {
  const stats = fstatSync(file)
  return { uid: stats.uid, mode: stats.mode, size: stats.size, isFile: stats.isFile() }
}

/** Lines `key=value` of Java's properties, as far as Flink and this write them. */
function parse(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s]+)\s*[=:]\s*(.*)$/.exec(line)
    if (match !== null) values.set(match[1]!, match[2]!.replace(/\\(.)/g, '$1'))
  }
  return values
}

function escaped(value: string): string {
  return value.replace(/[\\:=#!]/g, '\\$&')
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // Containers run users that have no name.
    return String(process.getuid?.() ?? 'unknown')
  }
}
