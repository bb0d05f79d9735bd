import {
  type ConfigOption,
  type Configuration,
  HighAvailabilityOptions,
  IllegalConfigurationError,
} from '@flink-ts/core'
import { parseConnectString } from '@flink-ts/zookeeper-client'

/** What the configuration says about high availability on ZooKeeper, checked. */
export interface ZooKeeperHaSettings {
  /** `host:port,host:port,…` */
  readonly quorum: string
  /** Node below which every cluster has its own, such as `/flink`. */
  readonly rootPath: string
  /** As configured, without slashes at its ends. */
  readonly clusterId: string
  /** Namespace of the submitted jobs. */
  readonly executionPlans: string
  /** Undefined if it is not configured: processes that keep nothing do not need it. */
  readonly storageDirectory: string | undefined
  readonly sessionTimeoutMs: number
  readonly connectionTimeoutMs: number
  readonly retry: ZooKeeperRetrySettings
  readonly acl: 'open' | 'creator'
  readonly authorization: readonly { readonly scheme: string; readonly auth: string }[]
  /** A leader goes on while its connection is cut, until its session is over. */
  readonly tolerateSuspendedConnections: boolean
}

/** How reads are repeated; the pause doubles, and ends when the connection is back. */
export interface ZooKeeperRetrySettings {
  readonly initialDelayMs: number
  readonly maxRetries: number
  readonly maxDelayMs: number
}

/** Namespaces that others use. */
const TAKEN = new Set(['job-results', 'jobs'])

/**
 * Reads and checks all keys of `high-availability.*` that concern ZooKeeper.
 *
 * @throws IllegalConfigurationError naming the key
 */
export function zooKeeperHaSettings(configuration: Configuration): ZooKeeperHaSettings {
  const o = HighAvailabilityOptions
  const authorization = [...(configuration.get(o.ZOOKEEPER_CLIENT_AUTHORIZATION) ?? [])].map(
    ([scheme, auth]) => ({ scheme, auth }),
  )
  const acl = configuration.get(o.ZOOKEEPER_CLIENT_ACL)
  if (acl === 'creator' && authorization.length === 0) {
    throw illegal(
      configuration,
      o.ZOOKEEPER_CLIENT_ACL,
      `it needs credentials in '${o.ZOOKEEPER_CLIENT_AUTHORIZATION.key}'`,
      'open',
    )
  }
  return {
    quorum: quorumOf(configuration),
    rootPath: rootPathOf(configuration),
    clusterId: nameOf(configuration, o.HA_CLUSTER_ID, 'a name such as /my-cluster'),
    executionPlans: executionPlansOf(configuration),
    storageDirectory: storageDirectoryOf(configuration),
    sessionTimeoutMs: configuration.get(o.ZOOKEEPER_SESSION_TIMEOUT),
    connectionTimeoutMs: configuration.get(o.ZOOKEEPER_CONNECTION_TIMEOUT),
    retry: {
      initialDelayMs: configuration.get(o.ZOOKEEPER_RETRY_WAIT),
      maxRetries: configuration.get(o.ZOOKEEPER_MAX_RETRY_ATTEMPTS),
      maxDelayMs: configuration.get(o.ZOOKEEPER_MAX_RETRY_WAIT),
    },
    acl,
    authorization,
    tolerateSuspendedConnections: configuration.get(o.ZOOKEEPER_TOLERATE_SUSPENDED_CONNECTIONS),
  }
}

/** @throws IllegalConfigurationError if it is not set */
export function requiredStorageDirectory(settings: ZooKeeperHaSettings): string {
  if (settings.storageDirectory !== undefined) return settings.storageDirectory
  const { key } = HighAvailabilityOptions.HA_STORAGE_PATH
  throw new IllegalConfigurationError(
    `'${key}' is not set: with high availability JobManagers need a folder that all of them reach, such as hdfs:///flink/ha`,
    { key },
  )
}

function quorumOf(configuration: Configuration): string {
  const option = HighAvailabilityOptions.HA_ZOOKEEPER_QUORUM
  const quorum = configuration.get(option)?.trim() ?? ''
  const expected = 'the servers of the ensemble as host:port,host:port'
  if (quorum === '') {
    throw new IllegalConfigurationError(`'${option.key}' is not set: expected ${expected}`, {
      key: option.key,
    })
  }
  try {
    parseConnectString(quorum)
  } catch (error) {
    throw illegal(configuration, option, (error as Error).message, expected, error)
  }
  return quorum
}

function rootPathOf(configuration: Configuration): string {
  const option = HighAvailabilityOptions.HA_ZOOKEEPER_ROOT
  const parts = configuration.get(option).trim().split('/')
  if (parts[0] === '') parts.shift()
  if (parts.at(-1) === '') parts.pop()
  const isLegal = parts.every((part) => /^[\x20-\x7e]+$/.test(part) && !/^\.{1,2}$/.test(part))
  if (isLegal && parts[0] !== 'zookeeper') return `/${parts.join('/')}`
  const why = isLegal ? 'ZooKeeper itself uses it' : 'it is no path of a node'
  throw illegal(configuration, option, why, 'a path such as /flink')
}

function executionPlansOf(configuration: Configuration): string {
  const option = HighAvailabilityOptions.HA_ZOOKEEPER_EXECUTION_PLANS_PATH
  const expected = 'a name such as /execution-plans'
  const name = nameOf(configuration, option, expected)
  if (!TAKEN.has(name.split('/')[0]!)) return name
  throw illegal(configuration, option, 'other entries are there', expected)
}

function nameOf(
  configuration: Configuration,
  option: ConfigOption<string> & { readonly defaultValue: string },
  expected: string,
): string {
  const name = configuration
    .get(option)
    .trim()
    .replace(/^\/+|\/+$/g, '')
  if (name === '') throw illegal(configuration, option, 'it is empty', expected)
  if (name.split('/').includes('')) {
    throw illegal(configuration, option, 'a part of it is empty', expected)
  }
  return name
}

function storageDirectoryOf(configuration: Configuration): string | undefined {
  const directory = configuration.get(HighAvailabilityOptions.HA_STORAGE_PATH)?.trim() ?? ''
  return directory === '' ? undefined : directory.replace(/(?<=[^/:])\/+$/, '')
}

function illegal(
  configuration: Configuration,
  option: ConfigOption<unknown>,
  why: string,
  expected: string,
  cause?: unknown,
): IllegalConfigurationError {
  const key = configuration.keyInUse(option) ?? option.key
  const value = configuration.getString(key) ?? option.defaultValue
  return new IllegalConfigurationError(
    `Cannot use the value '${value}' of configuration key '${key}': ${why}; expected ${expected}`,
    { key, cause },
  )
}
