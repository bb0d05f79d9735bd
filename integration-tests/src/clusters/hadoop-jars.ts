import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { clusterFolder } from './cluster-folder.js'
import { fetchJars, type MavenJar } from './maven-jars.js'

const VERSION = '3.4.3'
const GROUP = 'org.apache.hadoop'
const JARS: readonly MavenJar[] = [
  [GROUP, 'hadoop-common', VERSION],
  [GROUP, 'hadoop-hdfs', VERSION],
  [GROUP, 'hadoop-hdfs-client', VERSION],
  [GROUP, 'hadoop-yarn-server-resourcemanager', VERSION],
  [GROUP, 'hadoop-yarn-server-nodemanager', VERSION],
  // The ResourceManager loads its classes, but its pom does not name it.
  [GROUP, 'hadoop-yarn-server-timelineservice', VERSION, 'org.apache.hbase'],
]
const OPENED = [
  'java.io',
  'java.lang',
  'java.lang.reflect',
  'java.math',
  'java.net',
  'java.nio',
  'java.text',
  'java.util',
  'java.util.concurrent',
  'java.util.zip',
  'sun.security.util',
  'sun.security.x509',
]

const jars = () => clusterFolder(`hadoop-${VERSION}`)

/** Fetches the jars of HDFS and YARN. @throws Error without Maven */
export function installHadoop(): void {
  if (!existsSync(jars())) fetchJars(jars(), JARS)
}

/** Why there is no Hadoop here; undefined if there is. */
export function hadoopMissing(): string | undefined {
  if (!existsSync(jars())) {
    return 'Hadoop is not installed: node integration-tests/dist-test/clusters/install.js hadoop'
  }
  if (spawnSync('java', ['-version']).status === 0) return undefined
  return 'Hadoop needs a Java runtime (java)'
}

/** The command of a daemon, less its main class; `confDir` holds its configuration, `folder` its temporary files. */
export function hadoopJava(confDir: string, folder: string): string[] {
  return [
    'java',
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-XX:-UsePerfData',
    '-Djava.net.preferIPv4Stack=true',
    `-Djava.io.tmpdir=${folder}`,
    ...OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    '-cp',
    `${confDir}:${jars()}/*`,
  ]
}
