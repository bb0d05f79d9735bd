import {
  type Configuration,
  IllegalConfigurationError,
  type Logger,
  MesosOptions,
} from '@flink-ts/core'
import { HOME_ARCHIVE, HOME_FOLDER, NODE_FILE } from './agent-runtime.js'

const { key: KEY } = MesosOptions.TASKS_URIS
/** The fetcher's own; it knows them in small letters alone. */
const NET = ['http', 'https', 'ftp', 'ftps']
/** All else it gives to the Hadoop client of the agent: what that mostly knows, of Hadoop itself and of makers of stores. */
const HADOOP = new Set([
  ...['hdfs', 'webhdfs', 'swebhdfs', 'hftp', 'hsftp', 'viewfs', 'har', 'sftp', 'o3fs', 'ofs'],
  ...['s3', 's3a', 's3n', 'gs', 'wasb', 'wasbs', 'abfs', 'abfss', 'adl', 'swift', 'oss', 'obs'],
  ...['cos', 'cosn', 'ks3', 'bos', 'tos', 'maprfs', 'alluxio', 'tachyon', 'jfs', 'nfs', 'ceph'],
  ...['glusterfs', 'lustrefs', 'qfs', 'kfs', 'dbfs'],
])
/** Of other programs, also as `git+ssh`. */
const NO_FILE_SYSTEM = /^(?:git|ssh|scp|rsync|svn|docker|jdbc|ws|wss|mailto)(?:\+|$)/
const SCHEMES = `http, https, ftp, ftps, file, an absolute path, or what a Hadoop client of the agents knows (hdfs, s3a, …); what another program fetches is for ${MesosOptions.TASKS_BOOTSTRAP_CMD.key}`
const QUOTED_ENTRY = /(^|,)\s*(?:"(?:[^"]|"")*"|'(?:[^']|'')*')/g
/** At the ends it is harmless: what is empty is dropped. */
const EMPTY_ENTRY = /,\s*,/

/**
 * What an agent would find out when it fetches for a task, without asking anybody: `mesos.resourcemanager.tasks.uris`, by the rules of
 * Mesos' fetcher, and where each file would be in the folder of a task. Warns of schemes that may be anybody's.
 *
 * @throws IllegalConfigurationError for the first that cannot be
 */
export function checkTaskUris(configuration: Configuration, log: Logger): void {
  const uris = configuration.get(MesosOptions.TASKS_URIS) ?? []
  for (const uri of uris) checkPlace(uri)
  const text = configuration.getString(KEY) ?? ''
  if (EMPTY_ENTRY.test(text.replace(QUOTED_ENTRY, '$1quoted'))) {
    throw new IllegalConfigurationError(
      `Cannot use the value of configuration key '${KEY}': it is empty between two commas; expected URIs, separated by single commas`,
      { key: KEY },
    )
  }
  checkNames(uris, namesOfTasks(configuration))
  const schemes = [...new Set(uris.map(schemeOf))].filter(isUnknown)
  if (schemes.length === 0) return
  log.warn(
    'The agents of Mesos give URIs of these schemes to their Hadoop client, which must know them',
    { key: KEY, schemes },
  )
}

/** @throws IllegalConfigurationError */
function checkNames(uris: readonly string[], taken: Map<string, Owner>): void {
  for (const uri of uris) {
    for (const name of namesOf(uri)) {
      const owner = taken.get(name)
      if (owner !== undefined) throw clash(uri, name, owner)
      taken.set(name, { uri })
    }
  }
}

/** Undefined: it is a path. */
function schemeOf(uri: string): string | undefined {
  return /^([^/:]+):/.exec(uri)?.[1]
}

/** Whether it is none of those above. */
function isUnknown(scheme: string | undefined): boolean {
  return scheme !== undefined && scheme !== 'file' && !NET.includes(scheme) && !HADOOP.has(scheme)
}

/** Whose a file in the folder of a task is. */
type Owner = { readonly uri: string } | { readonly what: string }

/** What is there without those URIs. */
function namesOfTasks(configuration: Configuration): Map<string, Owner> {
  const installation = `the installation of flink-ts, unless ${MesosOptions.HOME_PATH.key} is set`
  const node = `Node.js, unless ${MesosOptions.NODE_PATH.key} is set`
  const output = 'what the task says'
  return new Map<string, Owner>([
    ...['stdout', 'stderr', 'flink-taskmanager.log'].map(
      (name) => [name, { what: output }] as const,
    ),
    ...(configuration.contains(MesosOptions.HOME_PATH)
      ? []
      : [HOME_ARCHIVE, HOME_FOLDER].map((name) => [name, { what: installation }] as const)),
    ...(configuration.contains(MesosOptions.NODE_PATH)
      ? []
      : [[NODE_FILE, { what: node }] as const]),
  ])
}

/** @throws IllegalConfigurationError */
function checkPlace(uri: string): void {
  const scheme = schemeOf(uri)
  if (scheme !== undefined) checkScheme(uri, scheme)
  const isNet = scheme !== undefined && NET.includes(scheme)
  const rest = scheme === undefined ? uri : uri.slice(scheme.length + 3)
  const [host = ''] = rest.split('/')
  if (scheme === 'file' && host !== '' && host !== 'localhost') {
    throw refused(uri, `file:///${rest.slice(host.length + 1)}: each agent has its own`)
  }
  if (isNet && (host === '' || !URL.canParse(uri)))
    throw refused(uri, 'a host, and its port if any')
  if (isNet && uri.includes('"')) {
    throw refused(uri, "%22 in place of '\"', which stands around a whole URI only")
  }
  const name = rest.includes('/') ? lastPart(rest) : ''
  if (name === '' || name === '.' || name === '..') {
    throw refused(uri, 'the name of a file at its end, which is that in the folder of the task')
  }
}

/** @throws IllegalConfigurationError */
function checkScheme(uri: string, scheme: string): void {
  const small = scheme.toLowerCase()
  if (NO_FILE_SYSTEM.test(small)) throw refused(uri, SCHEMES)
  // The fetcher takes it for a path.
  if (!uri.startsWith(`${scheme}://`)) throw refused(uri, `'${scheme}://'`)
  if (scheme !== small) throw refused(uri, `'${small}', in small letters`)
}

/** In the folder of a task: its own, and what it is unpacked to, if one file is packed in it. */
function namesOf(uri: string): string[] {
  const name = lastPart(uri)
  const isPackedFile = /.\.gz$/.test(name) && !name.endsWith('.tar.gz')
  return isPackedFile ? [name, name.slice(0, -'.gz'.length)] : [name]
}

/** The fetcher counts what is behind `?` and `#` among it. */
function lastPart(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1)
}

function clash(uri: string, name: string, owner: Owner): IllegalConfigurationError {
  const message =
    'uri' in owner
      ? `Cannot use the values '${shown(owner.uri)}' and '${shown(uri)}' of configuration key '${KEY}': both would be '${name}' in the folder of a task; expected different names`
      : `Cannot use the value '${shown(uri)}' of configuration key '${KEY}': '${name}' in the folder of a task is ${owner.what}; expected another name`
  return new IllegalConfigurationError(message, { key: KEY })
}

function refused(uri: string, expected: string): IllegalConfigurationError {
  return new IllegalConfigurationError(
    `Cannot use the value '${shown(uri)}' of configuration key '${KEY}': expected ${expected}`,
    { key: KEY },
  )
}

/** For people. */
function shown(uri: string): string {
  return uri.replace(/^([^/:]+:\/\/[^/:@]*):[^/]*@/, '$1:***@')
}
