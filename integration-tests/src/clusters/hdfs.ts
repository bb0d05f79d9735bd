import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../support/free-port.js'
import { clusterFolder } from './cluster-folder.js'
import { fetchJars } from './maven-jars.js'
import { type ExternalServer, ServerProcess } from './server-process.js'

const VERSION = '3.4.3'
const NAME_NODE = 'org.apache.hadoop.hdfs.server.namenode.NameNode'
const DATA_NODE = 'org.apache.hadoop.hdfs.server.datanode.DataNode'
const OPENED = ['lang', 'lang.reflect', 'io', 'net', 'nio', 'util', 'util.concurrent', 'math']

const jars = () => clusterFolder(`hdfs-${VERSION}`)

/** Fetches the jars of HDFS. @throws Error without Maven */
export function installHdfs(): void {
  if (existsSync(jars())) return
  const names = ['hadoop-common', 'hadoop-hdfs', 'hadoop-hdfs-client']
  fetchJars(
    jars(),
    names.map((name) => ['org.apache.hadoop', name, VERSION]),
  )
}

/** Why there is no HDFS here; undefined if there is. */
export function hdfsMissing(): string | undefined {
  if (!existsSync(jars())) {
    return 'HDFS is not installed: node integration-tests/dist-test/clusters/install.js hdfs'
  }
  if (spawnSync('java', ['-version']).status === 0) return undefined
  return 'HDFS needs a Java runtime (java)'
}

export interface Hdfs {
  /** `host:port` of the NameNode's WebHDFS. */
  readonly httpAddress: string
  /** `host:port` of its own protocol, as in `hdfs://` paths. */
  readonly rpcAddress: string
  /** The NameNode and the DataNode. */
  readonly servers: readonly ExternalServer[]
  stop(): Promise<void>
}

/** Starts a NameNode and a DataNode with nothing in them. */
export async function startHdfs(): Promise<Hdfs> {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-hdfs-'))
  const ports = await freePorts(5)
  const [rpc, http, data, dataHttp, dataIpc] = ports.map((port) => `127.0.0.1:${port}`)
  mkdirSync(join(folder, 'conf', 'webapps', 'hdfs'), { recursive: true })
  // No jar holds the pages of the daemons; empty folders do.
  mkdirSync(join(folder, 'conf', 'webapps', 'datanode'))
  mkdirSync(join(folder, 'conf', 'webapps', 'static'))
  writeConfiguration(join(folder, 'conf', 'core-site.xml'), {
    'fs.defaultFS': `hdfs://${rpc}`,
    'hadoop.tmp.dir': join(folder, 'tmp'),
  })
  writeConfiguration(join(folder, 'conf', 'hdfs-site.xml'), {
    'dfs.replication': '1',
    'dfs.namenode.name.dir': `file://${folder}/name`,
    'dfs.datanode.data.dir': `file://${folder}/data`,
    'dfs.namenode.rpc-address': rpc!,
    'dfs.namenode.http-address': http!,
    'dfs.datanode.hostname': '127.0.0.1',
    'dfs.datanode.address': data!,
    'dfs.datanode.http.address': dataHttp!,
    'dfs.datanode.ipc.address': dataIpc!,
    'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
    'dfs.namenode.safemode.extension': '0',
    'dfs.heartbeat.interval': '1',
  })
  writeFileSync(
    join(folder, 'conf', 'log4j.properties'),
    'log4j.rootLogger=WARN,out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\nlog4j.appender.out.layout=org.apache.log4j.SimpleLayout\n',
  )
  const java = [
    'java',
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    `-Djava.io.tmpdir=${folder}`,
    ...OPENED.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
    '-cp',
    `${folder}/conf:${jars()}/*`,
  ]
  const format = spawnSync(java[0]!, [...java.slice(1), NAME_NODE, '-format', '-nonInteractive'], {
    encoding: 'utf8',
  })
  if (format.status !== 0) throw new Error(`Cannot format HDFS: ${format.stderr.slice(-2000)}`)
  const start = (main: string, log: string) =>
    new ServerProcess([...java, main], { folder, log: join(folder, log) })
  const nameNode = start(NAME_NODE, 'namenode.log')
  const dataNode = start(DATA_NODE, 'datanode.log')
  const isReady = async () => {
    const bean = 'Hadoop:service=NameNode,name=FSNamesystemState'
    const answer = await fetch(`http://${http}/jmx?qry=${bean}`)
    const { beans } = (await answer.json()) as { beans: Record<string, unknown>[] }
    return beans[0]?.['FSState'] === 'Operational' && beans[0]?.['NumLiveDataNodes'] === 1
  }
  const stop = async () => {
    await Promise.all([nameNode.stop(), dataNode.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await nameNode.ready(isReady)
  } catch (error) {
    await stop()
    throw error
  }
  const servers = [
    nameNode.asExternalServer('NameNode', isReady),
    dataNode.asExternalServer('DataNode', isReady),
  ]
  return { httpAddress: http!, rpcAddress: rpc!, servers, stop }
}

function writeConfiguration(path: string, entries: Readonly<Record<string, string>>): void {
  const properties = Object.entries(entries).map(
    ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`,
  )
  writeFileSync(path, `<configuration>\n${properties.join('\n')}\n</configuration>\n`)
}
