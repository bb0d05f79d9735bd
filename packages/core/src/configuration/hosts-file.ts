import { readFile } from 'node:fs/promises'
import { IllegalConfigurationError } from './illegal-configuration-error.js'

/** One line of `conf/masters` or `conf/workers`. */
export interface HostLine {
  readonly host: string
  /** The part after the colon; only `masters` has it. */
  readonly webPort: number | undefined
}

/**
 * Reads `conf/masters` or `conf/workers`: a host per line, repeated for more processes; text behind
 * `#` and a URL prefix are dropped.
 *
 * @throws IllegalConfigurationError if the file is missing or a line is no host, naming the line
 */
export async function readHostsFile(file: string): Promise<HostLine[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new IllegalConfigurationError(
      `Cannot read the hosts file ${file}: ${(error as NodeJS.ErrnoException).code}; expected one host per line`,
      { cause: error },
    )
  }
  return parseHosts(text, file)
}

/** {@link readHostsFile} for text that was read already; `file` is for errors. */
export function parseHosts(text: string, file: string): HostLine[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const entry = line
      .replace(/#.*/, '')
      .trim()
      .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
      .replace(/\/.*$/, '')
    if (entry === '') return []
    const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(entry)
    const webPort = match?.[3] === undefined ? undefined : Number(match[3])
    if (match === null || (webPort ?? 0) > 65535) {
      throw new IllegalConfigurationError(
        `Cannot read the hosts file ${file}, line ${index + 1}: '${entry}' is no host; expected host or host:port`,
      )
    }
    return [{ host: (match[1] ?? match[2])!, webPort }]
  })
}
