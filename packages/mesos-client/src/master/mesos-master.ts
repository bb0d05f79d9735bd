import { hostAndPort } from '@flink-ts/core'
import { MesosMasterError } from './mesos-master-error.js'

/** Address of one master. */
export interface MasterAddress {
  /** Name or address; that of IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Undefined: by TLS if there are settings for it. */
  readonly scheme: 'http' | 'https' | undefined
}

/** What `mesos.master` says. */
export type MesosMaster =
  /** Any of them, which may redirect to the leader. */
  | { readonly kind: 'addresses'; readonly addresses: readonly MasterAddress[] }
  | {
      readonly kind: 'zookeeper'
      /** `host:port,host:port` */
      readonly connectString: string
      /** Of the masters' nodes. */
      readonly path: string
      /** `user:password`, for scheme digest. */
      readonly authorization: string | undefined
    }
  /** A file that has one of the others. */
  | { readonly kind: 'file'; readonly path: string }

const ZOOKEEPER_PORT = 2181
/** Letters, digits, dots and hyphens; underscores are in names of container networks. */
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/
const IPV6 = /^\[([0-9A-Fa-f:.]+)\](?::(.*))?$/

/**
 * Reads `host:port`, `http://host:port` or `https://host:port`, a list of these, `zk://[user:password@]host:port,host:port/path` (port 2181
 * if none is named), or `file:///path`.
 *
 * @throws MesosMasterError that says which part is wrong
 */
export function parseMesosMaster(text: string): MesosMaster {
  const fail: Fail = (problem) => new MesosMasterError(text, problem)
  const trimmed = text.trim()
  if (trimmed === '') throw fail('it is empty')
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(trimmed)?.[1]?.toLowerCase()
  const rest = scheme === undefined ? trimmed : trimmed.slice(scheme.length + 3)
  if (scheme === 'zk') return parseZooKeeper(rest, fail)
  if (scheme === 'file') {
    if (!rest.startsWith('/') || rest === '/') throw fail(`the file '${rest}' has no absolute path`)
    return { kind: 'file', path: rest }
  }
  return {
    kind: 'addresses',
    addresses: trimmed.split(',').map((part) => parseMaster(part.trim(), fail)),
  }
}

type Fail = (problem: string) => MesosMasterError

function parseMaster(part: string, fail: Fail): MasterAddress {
  const url = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/.exec(part)
  const scheme = url?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    throw fail(`'${scheme}://' cannot be here`)
  }
  const { host, port } = parseHost((url?.[2] ?? part).replace(/\/$/, ''), fail)
  if (port === undefined) throw fail(`'${part}' has no port`)
  return { host, port, scheme }
}

function parseZooKeeper(rest: string, fail: Fail): MesosMaster {
  const at = rest.lastIndexOf('@')
  const authorization = at < 0 ? undefined : rest.slice(0, at)
  if (authorization !== undefined && !/^[^:]+:./.test(authorization)) {
    throw fail(`what is before '@' is not user:password`)
  }
  const slash = rest.indexOf('/', at + 1)
  const path = slash < 0 ? '' : rest.slice(slash).replace(/\/$/, '')
  if (path === '') throw fail('the path of the masters in ZooKeeper is missing, such as /mesos')
  const hasWrongName = path
    .slice(1)
    .split('/')
    .some((name) => name === '' || name === '.' || name === '..')
  if (hasWrongName) throw fail(`'${path}' is no path in ZooKeeper`)
  const servers = rest
    .slice(at + 1, slash)
    .split(',')
    .map((part) => parseHost(part.trim(), fail))
  const connectString = servers
    .map(({ host, port }) => hostAndPort(host, port ?? ZOOKEEPER_PORT))
    .join(',')
  return { kind: 'zookeeper', connectString, path, authorization }
}

function parseHost(part: string, fail: Fail): { host: string; port: number | undefined } {
  if (part === '') throw fail('a host is missing')
  const ipv6 = IPV6.exec(part)
  const colon = part.indexOf(':')
  const host = ipv6?.[1] ?? (colon < 0 ? part : part.slice(0, colon))
  const port = ipv6 === null ? (colon < 0 ? undefined : part.slice(colon + 1)) : ipv6[2]
  if (ipv6 === null && port?.includes(':')) {
    throw fail(`'${part}' has more than one ':': addresses of IPv6 are written in brackets`)
  }
  if ((ipv6 === null && !HOST.test(host)) || !isHost(host)) {
    throw fail(`'${host}' is no name or address of a host`)
  }
  if (port === undefined) return { host, port }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN
  if (!(number >= 1 && number <= 65_535)) {
    throw fail(`'${port}' of '${part}' is no port from 1 to 65535`)
  }
  return { host, port: number }
}

/** Whether a URL can have it: `1.2.3.400` is none. */
export function isHost(host: string): boolean {
  return URL.canParse(`http://${hostAndPort(host, 1)}/`)
}

/** `host:port` of a URL, the port also where it is the scheme's own. */
export function authorityOf(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}
