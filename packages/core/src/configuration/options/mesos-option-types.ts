import type { OptionType } from '../option-type.js'
import { quoteIfNeeded, splitQuoted } from '../structured-text.js'

/** A place in the container of a TaskManager where something else is seen. */
export interface MesosVolumeSetting {
  readonly containerPath: string
  /** Absent: a new folder of the task's sandbox. */
  readonly hostPath?: string
  readonly mode: 'RO' | 'RW'
}

/** A word for `docker run`. */
export interface DockerParameterSetting {
  readonly key: string
  readonly value: string
}

/** What an agent must say of itself. */
export interface MesosConstraintSetting {
  readonly attribute: string
  readonly value: string
}

/** The fetcher takes no URI with other letters. */
const URI = /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/|\/)[^\s\\'\p{Cc}]+$/u
const CONFIGURATION_KEY = /^[\w-]+(?:\.[\w-]+)*$/
/** As the master takes them: components of a path, none of which begins with `-` or is `.`, `..` or `*`. */
const ROLE =
  /^(?!-|\.{1,2}(?:\/|$)|\*\/)[^\s/\p{Cc}]+(?:\/(?!-|\.{1,2}(?:\/|$)|\*(?:\/|$))[^\s/\p{Cc}]+)*$/u

/** `[host path:]container path[:RO|RW],…`; RW unless said. */
export const mesosVolumesType = commaList<MesosVolumeSetting>({
  expected:
    "volumes as '[host path:]container path[:RO|RW]', separated by commas; a container path alone begins with '/'",
  parse(part) {
    const paths = part.split(':').map((piece) => piece.trim())
    const last = paths.at(-1)!.toUpperCase()
    const isModeGiven = last === 'RO' || last === 'RW'
    if (isModeGiven) paths.pop()
    if (paths.length < 1 || paths.length > 2 || paths.includes('')) return undefined
    const containerPath = paths.at(-1)!
    // In the sandbox it is there already.
    if (paths.length === 1 && !containerPath.startsWith('/')) return undefined
    const mode = isModeGiven ? last : 'RW'
    return paths.length === 1
      ? { containerPath, mode }
      : { hostPath: paths[0]!, containerPath, mode }
  },
  format: ({ hostPath, containerPath, mode }) =>
    `${hostPath === undefined ? '' : `${hostPath}:`}${containerPath}:${mode}`,
})

/** `key=value,…`; a value may have `=`. */
export const dockerParametersType = commaList<DockerParameterSetting>({
  expected:
    "parameters of docker run as 'key=value', separated by commas; 'name' and 'hostname' are not among them",
  parse(part) {
    const at = part.indexOf('=')
    const key = part.slice(0, Math.max(0, at)).trim()
    // Mesos gives the container its name, and refuses a host name where the network is the machine's.
    if (key === '' || key.startsWith('-') || key === 'name' || key === 'hostname') return undefined
    return { key, value: part.slice(at + 1).trim() }
  },
  format: ({ key, value }) => `${key}=${value}`,
})

/** `attribute:value,…`; each attribute once. */
export const mesosConstraintsType = commaList<MesosConstraintSetting>({
  expected: "attributes of agents as 'attribute:value', separated by commas, each attribute once",
  parse(part) {
    const at = part.indexOf(':')
    const attribute = part.slice(0, Math.max(0, at)).trim()
    const value = part.slice(at + 1).trim()
    return attribute === '' || value === '' ? undefined : { attribute, value }
  },
  format: ({ attribute, value }) => `${attribute}:${value}`,
  keyOf: ({ attribute }) => attribute,
})

/** What the agents' fetcher gets. */
export const mesosUrisType = commaList<string>({
  expected:
    "URIs or absolute paths, separated by commas, without blanks, backslashes or single quotes, such as 'hdfs://host/data.tgz,http://host/file'",
  parse: (part) => (URI.test(part) ? part : undefined),
  format: (value) => value,
})

export const configurationKeysType = commaList<string>({
  expected: "configuration keys, separated by commas, such as 'blob.server.port'",
  parse: (part) => (CONFIGURATION_KEY.test(part) ? part : undefined),
  format: (value) => value,
  keyOf: (value) => value,
})

export const mesosRolesType = commaList<string>({
  expected:
    "roles of Mesos, separated by commas, each once: '*' or a name such as 'analytics' or 'eng/analytics', without blanks",
  parse: (part) => (ROLE.test(part) ? part : undefined),
  format: (value) => value,
  keyOf: (value) => value,
  isEmptyAllowed: false,
})

interface PartType<T> {
  readonly expected: string
  parse(part: string): T | undefined
  format(value: T): string
  /** Of which each may be there once. */
  keyOf?(value: T): string
  readonly isEmptyAllowed?: boolean
}

function commaList<T>(partType: PartType<T>): OptionType<readonly T[]> {
  const { expected, keyOf, isEmptyAllowed = true } = partType
  return {
    name: 'String',
    expected,
    parse(text) {
      const values = splitQuoted(text, ',')?.map((part) => partType.parse(part))
      if (values === undefined || values.includes(undefined)) return undefined
      const all = values as T[]
      if (all.length === 0 && !isEmptyAllowed) return undefined
      if (keyOf !== undefined && new Set(all.map(keyOf)).size < all.length) return undefined
      return all
    },
    format: (values) => values.map((value) => quoteIfNeeded(partType.format(value), ',')).join(','),
  }
}
