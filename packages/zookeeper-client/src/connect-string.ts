import { FlinkError } from '@flink-ts/core'
import { pathProblem } from './paths.js'

export interface ZooKeeperServer {
  /** Name or address; that of IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

export interface ConnectString {
  /** In the order in which they are written, without repetitions. At least one. */
  readonly servers: readonly ZooKeeperServer[]
  /** Node below which all paths of the client are; undefined without. */
  readonly chroot: string | undefined
}

/** A connect string is none. */
export class InvalidConnectStringError extends FlinkError {
  readonly connectString: string

  constructor(connectString: string, problem: string) {
    super(
      `'${connectString}' does not name ZooKeeper servers: ${problem}; expected host:port,host:port,…`,
      { code: 'FLINK_ZOOKEEPER_CONNECT_STRING' },
    )
    this.connectString = connectString
  }
}

const DEFAULT_PORT = 2181
/** Letters, digits, dots and hyphens; underscores are in names of container networks. */
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/
const IPV6 = /^\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?)\](?::(.*))?$/

/**
 * Reads `host[:port],host[:port],…[/chroot]`; the port is 2181 if none is named, IPv6 addresses are in brackets, and
 * blanks around the parts do not matter.
 *
 * @throws InvalidConnectStringError that says which part is wrong; the caller says whose value it is
 */
export function parseConnectString(text: string): ConnectString {
  const fail = (problem: string) => new InvalidConnectStringError(text, problem)
  const slash = text.indexOf('/')
  const hosts = slash < 0 ? text : text.slice(0, slash)
  const chroot = slash < 0 ? '/' : text.slice(slash).trim()
  if (text.includes('://')) throw fail('it is a URL')
  if (hosts.trim() === '') throw fail('no host is named')
  if (hosts.includes(';')) throw fail(`hosts are separated by ',' and not by ';'`)
  const problem = pathProblem(chroot)
  if (problem !== undefined)
    throw fail(`the path '${chroot}' behind the hosts is wrong: ${problem}`)
  const servers = new Map<string, ZooKeeperServer>()
  for (const part of hosts.split(',')) {
    const server = parseServer(part.trim(), fail)
    servers.set(`${server.host}:${server.port}`, server)
  }
  return { servers: [...servers.values()], chroot: chroot === '/' ? undefined : chroot }
}

function parseServer(part: string, fail: (problem: string) => Error): ZooKeeperServer {
  if (part === '') throw fail('there is nothing between two commas, or at an end')
  const ipv6 = IPV6.exec(part)
  const colon = part.indexOf(':')
  const host = ipv6?.[1] ?? (colon < 0 ? part : part.slice(0, colon))
  const port = ipv6 === null ? (colon < 0 ? undefined : part.slice(colon + 1)) : ipv6[2]
  if (ipv6 === null && port?.includes(':')) {
    throw fail(`'${part}' has more than one ':': addresses of IPv6 are written in brackets`)
  }
  if (ipv6 === null && !HOST.test(host)) throw fail(`'${host}' is no name or address of a host`)
  if (port === undefined) return { host, port: DEFAULT_PORT }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN
  if (!(number >= 1 && number <= 65_535)) {
    throw fail(`'${port}' of '${part}' is no port from 1 to 65535`)
  }
  return { host, port: number }
}
