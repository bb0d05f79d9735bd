/** What Hadoop 3 documents for keys that are read here, or that deployments look at. */
export const DEFAULT_PROPERTIES: ReadonlyMap<string, string> = new Map([
  ['fs.defaultFS', 'file:///'],
  ['fs.permissions.umask-mode', '022'],
  ['hadoop.tmp.dir', '/tmp/hadoop-$' + '{user.name}'],
  ['hadoop.security.authentication', 'simple'],
  ['hadoop.rpc.protection', 'authentication'],
  ['dfs.http.policy', 'HTTP_ONLY'],
  ['dfs.webhdfs.enabled', 'true'],
  ['yarn.http.policy', 'HTTP_ONLY'],
  ['yarn.resourcemanager.ha.enabled', 'false'],
  ['yarn.resourcemanager.am.max-attempts', '2'],
  ['yarn.am.liveness-monitor.expiry-interval-ms', '600000'],
  ['yarn.scheduler.minimum-allocation-mb', '1024'],
  ['yarn.scheduler.maximum-allocation-mb', '8192'],
  ['yarn.scheduler.minimum-allocation-vcores', '1'],
  ['yarn.scheduler.maximum-allocation-vcores', '4'],
  ['yarn.log-aggregation-enable', 'false'],
])

/** Older names that files still use, by the names that are read here. */
export const DEPRECATED_NAMES: ReadonlyMap<string, string> = new Map([
  ['fs.default.name', 'fs.defaultFS'],
  ['dfs.umaskmode', 'fs.permissions.umask-mode'],
  ['dfs.federation.nameservices', 'dfs.nameservices'],
  ['dfs.http.address', 'dfs.namenode.http-address'],
  ['dfs.https.address', 'dfs.namenode.https-address'],
])
