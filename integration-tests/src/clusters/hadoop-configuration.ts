import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `host:port` of what listens, but for the NodeManagers. */
export interface HadoopAddresses {
  readonly nameNode: string
  readonly nameNodeHttp: string
  readonly dataNode: string
  readonly dataNodeHttp: string
  readonly dataNodeIpc: string
  readonly scheduler: string
  readonly tracker: string
  readonly client: string
  readonly admin: string
  readonly resourceManagerHttp: string
}

/** Sizes and times of a {@link HadoopAddresses | Hadoop} for tests. */
export interface HadoopOptions {
  /** Default 2; 0: HDFS alone. */
  readonly nodeManagers?: number
  /** Of each NodeManager, and the largest container; default 4096 MiB. Only counted, not reserved. */
  readonly memoryMb?: number
  /** Of each NodeManager; default 8. */
  readonly vcores?: number
  /** How long an ApplicationMaster may be silent; default 20 s. */
  readonly applicationMasterExpiryMs?: number
  /** How long a NodeManager may be silent; default 10 s. It is found lost after up to 4/3 of it. */
  readonly nodeManagerExpiryMs?: number
  /** How long an allocated container may stay unused; default 60 s. */
  readonly allocationExpiryMs?: number
  /** Attempts of an application that does not say; default 2. */
  readonly applicationAttempts?: number
  /** More keys, by file; they win. */
  readonly core?: Readonly<Record<string, string>>
  readonly hdfs?: Readonly<Record<string, string>>
  readonly yarn?: Readonly<Record<string, string>>
  readonly capacityScheduler?: Readonly<Record<string, string>>
}

const QUEUES = 'yarn.scheduler.capacity'

/** Writes the files of `HADOOP_CONF_DIR`, for daemons and clients. */
export function writeHadoopConfiguration(
  confDir: string,
  folder: string,
  at: HadoopAddresses,
  options: HadoopOptions,
): void {
  const { memoryMb = 4096, vcores = 8 } = options
  // No jar holds the pages of HDFS; empty folders do.
  for (const page of ['hdfs', 'datanode', 'static']) {
    mkdirSync(join(confDir, 'webapps', page), { recursive: true })
  }
  write(confDir, 'core-site', {
    'fs.defaultFS': `hdfs://${at.nameNode}`,
    'hadoop.tmp.dir': join(folder, 'tmp'),
    'ipc.client.connect.retry.interval': '200',
    'ipc.client.connect.max.retries': '100',
    ...options.core,
  })
  write(confDir, 'hdfs-site', {
    'dfs.replication': '1',
    'dfs.namenode.name.dir': `file://${folder}/name`,
    'dfs.datanode.data.dir': `file://${folder}/data`,
    'dfs.namenode.rpc-address': at.nameNode,
    'dfs.namenode.http-address': at.nameNodeHttp,
    'dfs.datanode.hostname': '127.0.0.1',
    'dfs.datanode.address': at.dataNode,
    'dfs.datanode.http.address': at.dataNodeHttp,
    'dfs.datanode.ipc.address': at.dataNodeIpc,
    'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
    'dfs.namenode.safemode.extension': '0',
    // One that comes back without its DataNode stays in safe mode.
    'dfs.namenode.safemode.min.datanodes': '1',
    'dfs.heartbeat.interval': '1',
    ...options.hdfs,
  })
  write(confDir, 'yarn-site', {
    'yarn.resourcemanager.hostname': '127.0.0.1',
    'yarn.resourcemanager.scheduler.address': at.scheduler,
    'yarn.resourcemanager.resource-tracker.address': at.tracker,
    'yarn.resourcemanager.address': at.client,
    'yarn.resourcemanager.admin.address': at.admin,
    'yarn.resourcemanager.webapp.address': at.resourceManagerHttp,
    'yarn.scheduler.minimum-allocation-mb': '64',
    'yarn.scheduler.maximum-allocation-mb': `${memoryMb}`,
    'yarn.scheduler.maximum-allocation-vcores': `${vcores}`,
    'yarn.nodemanager.resource.memory-mb': `${memoryMb}`,
    'yarn.nodemanager.resource.cpu-vcores': `${vcores}`,
    // Node reserves gigabytes that it never touches: only what is resident counts. 'enforced' would leave that to cgroups.
    'yarn.nodemanager.vmem-check-enabled': 'false',
    'yarn.nodemanager.pmem-check-enabled': 'true',
    'yarn.nodemanager.resource.memory.enforced': 'false',
    'yarn.nodemanager.container-monitor.interval-ms': '500',
    'yarn.nodemanager.delete.debug-delay-sec': '0',
    // The mark of a run of tests, by which what is left over is found.
    'yarn.nodemanager.env-whitelist': 'JAVA_HOME,HADOOP_CONF_DIR,PATH,LANG,TZ,FLINK_TS_TEST_RUN',
    'yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage': '99.0',
    'yarn.node-attribute.fs-store.root-dir': `file://${folder}/node-attributes`,
    'yarn.resourcemanager.recovery.enabled': 'true',
    'yarn.resourcemanager.work-preserving-recovery.enabled': 'true',
    'yarn.resourcemanager.work-preserving-recovery.scheduling-wait-ms': '1000',
    'yarn.resourcemanager.store.class':
      'org.apache.hadoop.yarn.server.resourcemanager.recovery.FileSystemRMStateStore',
    'yarn.resourcemanager.fs.state-store.uri': `file://${folder}/rmstore`,
    'yarn.nodemanager.recovery.enabled': 'true',
    'yarn.resourcemanager.am.max-attempts': `${options.applicationAttempts ?? 2}`,
    'yarn.resourcemanager.am.global.max-attempts': '20',
    'yarn.am.liveness-monitor.expiry-interval-ms': `${options.applicationMasterExpiryMs ?? 20_000}`,
    'yarn.nm.liveness-monitor.expiry-interval-ms': `${options.nodeManagerExpiryMs ?? 10_000}`,
    'yarn.resourcemanager.rm.container-allocation.expiry-interval-ms': `${options.allocationExpiryMs ?? 60_000}`,
    'yarn.resourcemanager.nodemanagers.heartbeat-interval-ms': '200',
    'yarn.resourcemanager.connect.retry-interval.ms': '500',
    ...options.yarn,
  })
  write(confDir, 'capacity-scheduler', {
    [`${QUEUES}.root.queues`]: 'default',
    [`${QUEUES}.root.default.capacity`]: '100',
    // A second application would wait for the first with the default of 0.1.
    [`${QUEUES}.maximum-am-resource-percent`]: '0.8',
    [`${QUEUES}.node-locality-delay`]: '-1',
    [`${QUEUES}.resource-calculator`]:
      'org.apache.hadoop.yarn.util.resource.DominantResourceCalculator',
    ...options.capacityScheduler,
  })
  writeFileSync(
    join(confDir, 'log4j.properties'),
    `log4j.rootLogger=INFO,out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
`,
  )
}

function write(confDir: string, name: string, entries: Readonly<Record<string, string>>): void {
  const properties = Object.entries(entries).map(
    ([key, value]) => `<property><name>${key}</name><value>${value}</value></property>`,
  )
  writeFileSync(
    join(confDir, `${name}.xml`),
    `<configuration>\n${properties.join('\n')}\n</configuration>\n`,
  )
}
