import { readFile } from 'node:fs/promises'
import { IllegalConfigurationError } from '@flink-ts/core'

/** One line `server.ID=HOST…` of zoo.cfg. */
export interface ZooKeeperPeer {
  /** What its `myid` says. */
  readonly id: number
  readonly host: string
  /** Behind the host as ZooKeeper has it, ports filled in. */
  readonly address: string
}

export interface ZooCfg {
  readonly file: string
  /** All but the servers. */
  readonly properties: ReadonlyMap<string, string>
  /** In the order of the file; empty for a server alone. */
  readonly peers: readonly ZooKeeperPeer[]
}

const SERVER = /^server\.(\d+)$/
/** `host[:port:port[:role]][;[address:]clientPort]`; of IPv6 in brackets. */
const ADDRESS = /^(\[[0-9a-f:.]+\]|[^\s:;[\]]+)(:\d+:\d+(?::\w+)?)?(;\S+)?$/i
/** For followers to connect to the leader, and for elections. */
const PEER_PORTS = ':2888:3888'
/** ZooKeeper wants these to be there; an ensemble cannot do without them. */
const DEFAULTS: Readonly<Record<string, string>> = {
  tickTime: '2000',
  initLimit: '10',
  syncLimit: '5',
  clientPort: '2181',
}

/**
 * Reads conf/zoo.cfg: properties as ZooKeeper takes them, with Flink's defaults for what is missing.
 *
 * @throws IllegalConfigurationError naming file and line
 */
export async function readZooCfg(file: string): Promise<ZooCfg> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new IllegalConfigurationError(
      `Cannot read ${file}: ${(cause as NodeJS.ErrnoException).code}; it says which ZooKeeper servers there are`,
      { cause },
    )
  }
  return parseZooCfg(text, file)
}

/** {@link readZooCfg} for text that was read already; `file` is for errors. */
export function parseZooCfg(text: string, file: string): ZooCfg {
  const properties = new Map(Object.entries(DEFAULTS))
  const peers: ZooKeeperPeer[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.replace(/^\s*[#!].*/, '').trim()
    if (entry === '') continue
    const fail = (problem: string) =>
      new IllegalConfigurationError(`Cannot use ${file}, line ${index + 1}: ${problem}`)
    const [, key = '', value = ''] = /^([^=:\s]+)\s*[=:]\s*(.*)$/.exec(entry) ?? []
    if (key === '') throw fail(`'${entry}' is no property; expected key=value`)
    const id = SERVER.exec(key)?.[1]
    if (id === undefined) properties.set(key, value)
    else {
      const [, host, ports = PEER_PORTS, rest = ''] = ADDRESS.exec(value) ?? []
      if (host === undefined) throw fail(`'${value}' is no server; expected host:port:port`)
      if (peers.some((peer) => peer.id === Number(id))) throw fail(`there is a ${key} already`)
      peers.push({ id: Number(id), host, address: `${host}${ports}${rest}` })
    }
  }
  return { file, properties, peers }
}

/** Where clients of a peer connect, on its own machine. */
export function clientAddressOf(
  { properties }: ZooCfg,
  peer: ZooKeeperPeer | undefined,
): { readonly host: string; readonly port: number } {
  const own = /;(?:(.*):)?(\d+)$/.exec(peer?.address ?? '')
  const host = own?.[1] ?? properties.get('clientPortAddress') ?? ''
  const port = Number(own?.[2] ?? properties.get('clientPort'))
  const isAny = host === '' || host === '0.0.0.0' || host === '[::]'
  return { host: isAny ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1'), port }
}
