import type { HadoopConfiguration } from './hadoop-configuration.js'
import { HadoopConfigurationError } from './hadoop-configuration-error.js'

/** Where a REST API or WebHDFS listens. */
export interface WebAddress {
  /** `host:port`. */
  readonly address: string
  readonly isSecure: boolean
}

/**
 * Where the REST APIs of the ResourceManagers are, one for each of them (`yarn.resourcemanager.ha.rm-ids`); empty: the configuration
 * does not say.
 *
 * @throws HadoopConfigurationError if there are several and one has neither address nor host name
 */
export function resourceManagerWebAddresses(conf: HadoopConfiguration): readonly WebAddress[] {
  const isSecure = conf.get('yarn.http.policy') === 'HTTPS_ONLY'
  const addresses = isSecure
    ? resourceManagerAddresses(conf, 'yarn.resourcemanager.webapp.https.address', 8090)
    : resourceManagerAddresses(conf, 'yarn.resourcemanager.webapp.address', 8088)
  return addresses.map((address) => ({ address, isSecure }))
}

/**
 * `host:port` where ApplicationMasters find the schedulers of the ResourceManagers (port 8030), one for each of them; empty: the
 * configuration does not say.
 *
 * @throws HadoopConfigurationError if there are several and one has neither address nor host name
 */
export function resourceManagerSchedulerAddresses(conf: HadoopConfiguration): readonly string[] {
  return resourceManagerAddresses(conf, 'yarn.resourcemanager.scheduler.address', 8030)
}

/** `fs.defaultFS` as a URL, such as `hdfs://host:9820`, `hdfs://nameservice` or `file:///`. */
export function defaultFileSystem(conf: HadoopConfiguration): string {
  const value = conf.get('fs.defaultFS') ?? 'file:///'
  // Forms of former times that Hadoop still takes.
  if (value === 'local') return 'file:///'
  if (!value.includes(':/')) return value.startsWith('/') ? 'file:///' : `hdfs://${value}`
  return value
}

/**
 * Where WebHDFS of a nameservice is, one address for each NameNode: of `dfs.ha.namenodes.<nameservice>` if there are several.
 *
 * @param nameservice host, with or without port, of an `hdfs://` URL
 * @throws HadoopConfigurationError if one of several NameNodes has no address
 */
export function nameNodeWebAddresses(
  conf: HadoopConfiguration,
  nameservice: string,
): readonly WebAddress[] {
  const isSecure = conf.get('dfs.http.policy') === 'HTTPS_ONLY'
  const kind = isSecure ? 'https-address' : 'http-address'
  const defaultPort = isSecure ? 9871 : 9870
  const ids = listOf(conf.get(`dfs.ha.namenodes.${nameservice}`))
  const webAddress = (address: string): WebAddress => ({ address, isSecure })
  if (ids.length > 0) {
    return ids.map((id) => {
      const suffix = `${nameservice}.${id}`
      const key = `dfs.namenode.${kind}.${suffix}`
      const rpcHost = hostOf(conf.get(`dfs.namenode.rpc-address.${suffix}`))
      const address = withPort(conf.get(key) ?? rpcHost, defaultPort)
      if (address === undefined)
        throw new HadoopConfigurationError(
          `NameNode ${id} of ${nameservice} has no address: ${key} is missing`,
        )
      return webAddress(reachable(address, rpcHost))
    })
  }
  const isService = listOf(conf.get('dfs.nameservices')).includes(nameservice)
  const rpcHost = isService
    ? hostOf(conf.get(`dfs.namenode.rpc-address.${nameservice}`))
    : undefined
  const host = rpcHost ?? hostOf(nameservice)!
  const isDefault = authorityOf(defaultFileSystem(conf)) === nameservice
  const configured =
    (isService ? conf.get(`dfs.namenode.${kind}.${nameservice}`) : undefined) ??
    (isDefault || isService ? conf.get(`dfs.namenode.${kind}`) : undefined)
  return [webAddress(reachable(withPort(configured ?? host, defaultPort)!, host))]
}

function resourceManagerAddresses(
  conf: HadoopConfiguration,
  key: string,
  defaultPort: number,
): readonly string[] {
  if (conf.get('yarn.resourcemanager.ha.enabled') !== 'true') {
    const address = conf.get(key) ?? conf.get('yarn.resourcemanager.hostname')
    return address === undefined ? [] : [withPort(address, defaultPort)!]
  }
  const ids = listOf(conf.get('yarn.resourcemanager.ha.rm-ids'))
  if (ids.length === 0)
    throw new HadoopConfigurationError(
      'yarn.resourcemanager.ha.enabled is true, but yarn.resourcemanager.ha.rm-ids names no ResourceManager',
    )
  return ids.map((id) => {
    const address = conf.get(`${key}.${id}`) ?? conf.get(`yarn.resourcemanager.hostname.${id}`)
    if (address === undefined)
      throw new HadoopConfigurationError(
        `ResourceManager ${id} of yarn.resourcemanager.ha.rm-ids has no address: neither ${key}.${id} nor yarn.resourcemanager.hostname.${id} is set`,
      )
    return withPort(address, defaultPort)!
  })
}

const listOf = (value: string | undefined) =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Of `host`, `host:port` or `[address]:port`. */
function hostOf(authority: string | undefined): string | undefined {
  return authority?.replace(/:\d+$/, '')
}

function withPort(authority: string | undefined, port: number): string | undefined {
  if (authority === undefined || /:\d+$/.test(authority)) return authority
  return `${authority}:${port}`
}

/** A server that listens on all addresses is found at its name. */
function reachable(address: string, host: string | undefined): string {
  return host === undefined ? address : address.replace(/^0\.0\.0\.0(?=:)/, host)
}

function authorityOf(url: string): string | undefined {
  return /^[a-z]+:\/\/([^/]+)/i.exec(url)?.[1]
}
