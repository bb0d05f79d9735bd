import { userInfo } from 'node:os'
import {
  type Configuration,
  FileSystemOptions,
  FlinkError,
  schemeOf,
  YarnOptions,
} from '@flink-ts/core'
import {
  defaultFileSystem,
  type HadoopConfiguration,
  loadHadoopConfiguration,
  nameNodeWebAddresses,
  resourceManagerSchedulerAddresses,
  resourceManagerWebAddresses,
  type WebAddress,
} from '@flink-ts/hadoop-rpc/configuration'
import { KerberosUnsupportedError } from '../rest/yarn-rest-error.js'

/** Where YARN and its files are, and who asks. */
export interface YarnEnvironment {
  readonly hadoop: HadoopConfiguration
  /** REST addresses of the ResourceManagers; at least one. */
  readonly resourceManagers: readonly WebAddress[]
  /** `host:port` of their schedulers. */
  readonly schedulers: readonly string[]
  readonly userName: string
  /** URL of the folder that `.flink-ts` is made in. */
  readonly stagingBase: string
  /** It is the user's folder in that of `yarn.staging-directory`, which others may use as well; default false: a home. */
  readonly isStagingConfigured?: boolean
  /** Web addresses of the NameNodes of that folder; empty: it is not in HDFS, or its URL is that of the web address. */
  readonly nameNodes: readonly string[]
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads Hadoop's configuration and what goes over it.
 *
 * @throws FlinkError when nothing says where YARN is, or Kerberos is wanted
 */
export async function yarnEnvironment(
  configuration: Configuration,
  environment: Variables,
): Promise<YarnEnvironment> {
  const hadoop = await loadHadoopConfiguration({
    environment: withConfiguredFolders(configuration, environment),
    overrides: overridesOf(configuration),
  })
  refuseKerberos(configuration, hadoop)
  const userName =
    configuration.get(FileSystemOptions.WEBHDFS_USER_NAME) ??
    environment['HADOOP_USER_NAME'] ??
    userInfo().username
  const resourceManagers =
    configuration.get(YarnOptions.RESOURCE_MANAGER_WEBAPP_ADDRESSES)?.map(webAddressOf) ??
    resourceManagerWebAddresses(hadoop)
  if (resourceManagers.length === 0) {
    throw new FlinkError(
      `Cannot find YARN: ${
        hadoop.folders.length === 0
          ? 'there is no Hadoop configuration; set HADOOP_CONF_DIR or YARN_CONF_DIR to the folder of yarn-site.xml'
          : `no yarn-site.xml in ${hadoop.folders.join(', ')} says where the ResourceManager is (yarn.resourcemanager.hostname)`
      }, or set ${YarnOptions.RESOURCE_MANAGER_WEBAPP_ADDRESSES.key} to its web address, such as host:8088`,
      { code: 'FLINK_YARN_CONFIGURATION' },
    )
  }
  const configured = resourceManagerSchedulerAddresses(hadoop)
  const schedulers =
    configuration.get(YarnOptions.RESOURCE_MANAGER_SCHEDULER_ADDRESSES) ??
    (configured.length > 0
      ? configured
      : resourceManagers.map(({ address }) => address.replace(/:\d+$/, ':8030')))
  const stagingBase = stagingBaseOf(configuration, hadoop, { userName, environment })
  return {
    hadoop,
    resourceManagers,
    schedulers,
    userName,
    stagingBase,
    isStagingConfigured: configuration.contains(YarnOptions.STAGING_DIRECTORY),
    nameNodes: nameNodesOf(configuration, hadoop, stagingBase),
  }
}

/** The variables win, as in the scripts of Flink. */
function withConfiguredFolders(configuration: Configuration, environment: Variables): Variables {
  const hadoop = environment['HADOOP_CONF_DIR'] || configuration.get(YarnOptions.HADOOP_CONF_DIR)
  const yarn = environment['YARN_CONF_DIR'] || configuration.get(YarnOptions.YARN_CONF_DIR)
  return { ...environment, HADOOP_CONF_DIR: hadoop, YARN_CONF_DIR: yarn }
}

function overridesOf(configuration: Configuration): Record<string, string> {
  const hadoop = configuration.get(YarnOptions.HADOOP_PROPERTIES) ?? new Map<string, string>()
  const yarn = configuration.get(YarnOptions.YARN_PROPERTIES) ?? new Map<string, string>()
  return {
    ...Object.fromEntries(hadoop),
    ...Object.fromEntries([...yarn].map(([key, value]) => [`yarn.${key}`, value])),
  }
}

function refuseKerberos(configuration: Configuration, hadoop: HadoopConfiguration): void {
  for (const key of ['security.kerberos.login.keytab', 'security.kerberos.login.principal']) {
    if (configuration.contains(key))
      throw new KerberosUnsupportedError(`The configuration (${key})`)
  }
  if (hadoop.get('hadoop.security.authentication')?.toLowerCase() === 'kerberos') {
    throw new KerberosUnsupportedError(
      'The Hadoop cluster (hadoop.security.authentication is kerberos)',
    )
  }
}

function webAddressOf(text: string): WebAddress {
  const address = text
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
  if (!/^[^\s/]+:\d+$/.test(address)) {
    throw new FlinkError(
      `Cannot use the value '${text}' of configuration key '${YarnOptions.RESOURCE_MANAGER_WEBAPP_ADDRESSES.key}': expected addresses such as 'host:8088'`,
      { code: 'FLINK_YARN_CONFIGURATION' },
    )
  }
  return { address, isSecure: text.trim().startsWith('https:') }
}

function stagingBaseOf(
  configuration: Configuration,
  hadoop: HadoopConfiguration,
  { userName, environment }: { userName: string; environment: Variables },
): string {
  const root = defaultFileSystem(hadoop).replace(/\/+$/, '')
  const given = configuration.get(YarnOptions.STAGING_DIRECTORY)
  const isFile = schemeOf(`${root}/`) === 'file'
  if (given !== undefined && schemeOf(given) !== undefined) {
    return `${given.replace(/\/+$/, '')}/${userName}`
  }
  const home = isFile
    ? (environment['HOME'] ?? '/')
    : `${hadoop.get('dfs.user.home.dir.prefix') ?? '/user'}/${userName}`
  const folder = given?.startsWith('/') ? given : `${home}/${given}`
  const path = given === undefined ? home : `${folder.replace(/\/+$/, '')}/${userName}`
  return isFile ? `file://${path}` : `${root}${path}`
}

function nameNodesOf(
  configuration: Configuration,
  hadoop: HadoopConfiguration,
  stagingBase: string,
): readonly string[] {
  const given = configuration.get(FileSystemOptions.WEBHDFS_NAMENODES)
  if (given !== undefined) return given
  const authority = /^hdfs:\/\/([^/]+)/i.exec(stagingBase)?.[1]
  if (authority === undefined) return []
  return nameNodeWebAddresses(hadoop, authority).map(({ address }) => address)
}
