import { ConfigOptions } from '../config-options.js'

/** More than one JobManager. */
export const HighAvailabilityOptions = {
  HA_MODE: ConfigOptions.key('high-availability.type')
    .stringType()
    .defaultValue('NONE')
    .withDeprecatedKeys('high-availability')
    .withDescription('`NONE`, `ZOOKEEPER`, or the name of a module that provides another kind.'),
  HA_CLUSTER_ID: ConfigOptions.key('high-availability.cluster-id')
    .stringType()
    .defaultValue('/default')
    .withDeprecatedKeys(
      'high-availability.zookeeper.path.namespace',
      'recovery.zookeeper.path.namespace',
    )
    .withDescription(
      'Separates clusters that share an ensemble and a `high-availability.storageDir`: every cluster needs one of its own. The node and the folder of the cluster have this name; a `/` within it is written as `%2F`.',
    ),
  HA_STORAGE_PATH: ConfigOptions.key('high-availability.storageDir')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('high-availability.zookeeper.storageDir', 'recovery.zookeeper.storageDir')
    .withDescription(
      'Folder that all JobManagers reach, such as `hdfs:///flink/ha` or `s3://bucket/ha`: what one leader keeps for the next is there as far as it is not small. JobManagers need it.',
    ),
  HA_JOB_MANAGER_PORT_RANGE: ConfigOptions.key('high-availability.jobmanager.port')
    .portRangeType()
    .defaultValue('0')
    .withDeprecatedKeys('recovery.jobmanager.port')
    .withDescription(
      'Ports for the RPC service of JobManagers when there are several, in place of `jobmanager.rpc.port`. 0: any free port.',
    ),
  HA_ZOOKEEPER_QUORUM: ConfigOptions.key('high-availability.zookeeper.quorum')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('recovery.zookeeper.quorum')
    .withDescription('Servers of the ZooKeeper ensemble: `host:port,host:port,…`.'),
  HA_ZOOKEEPER_ROOT: ConfigOptions.key('high-availability.zookeeper.path.root')
    .stringType()
    .defaultValue('/flink')
    .withDeprecatedKeys('recovery.zookeeper.path.root')
    .withDescription('Node of ZooKeeper below which every cluster has its own.'),
  HA_ZOOKEEPER_EXECUTION_PLANS_PATH: ConfigOptions.key(
    'high-availability.zookeeper.path.execution-plans',
  )
    .stringType()
    .defaultValue('/execution-plans')
    .withDeprecatedKeys(
      'high-availability.zookeeper.path.jobgraphs',
      'recovery.zookeeper.path.jobgraphs',
    )
    .withDescription('Node below `entries` of the cluster under which submitted jobs are kept.'),
  ZOOKEEPER_SESSION_TIMEOUT: ConfigOptions.key('high-availability.zookeeper.client.session-timeout')
    .durationType({ min: 1 })
    .defaultValue(60_000)
    .withDeprecatedKeys('recovery.zookeeper.client.session-timeout')
    .withDescription(
      'For how long nobody may hear of a process before its session is over: a standby takes over this long after the leader is gone. The servers have limits of their own for it.',
    ),
  ZOOKEEPER_CONNECTION_TIMEOUT: ConfigOptions.key(
    'high-availability.zookeeper.client.connection-timeout',
  )
    .durationType({ min: 1 })
    .defaultValue(15_000)
    .withDeprecatedKeys('recovery.zookeeper.client.connection-timeout')
    .withDescription('How long a connection to ZooKeeper may take.'),
  ZOOKEEPER_RETRY_WAIT: ConfigOptions.key('high-availability.zookeeper.client.retry-wait')
    .durationType({ min: 1 })
    .defaultValue(5_000)
    .withDeprecatedKeys('recovery.zookeeper.client.retry-wait')
    .withDescription(
      'First pause before something is asked of ZooKeeper again; it doubles, and ends when the connection is back.',
    ),
  ZOOKEEPER_MAX_RETRY_ATTEMPTS: ConfigOptions.key(
    'high-availability.zookeeper.client.max-retry-attempts',
  )
    .intType({ min: 0 })
    .defaultValue(3)
    .withDeprecatedKeys('recovery.zookeeper.client.max-retry-attempts')
    .withDescription('How often something is asked of ZooKeeper again before that is an error.'),
  ZOOKEEPER_MAX_RETRY_WAIT: ConfigOptions.key('high-availability.zookeeper.client.max-retry-wait')
    .durationType({ min: 1 })
    .defaultValue(60_000)
    .withDescription('Longest pause before something is asked of ZooKeeper again.'),
  ZOOKEEPER_CLIENT_ACL: ConfigOptions.key('high-availability.zookeeper.client.acl')
    .enumType('open', 'creator')
    .defaultValue('open')
    .withDescription(
      'Who may read and change the nodes: everybody (`open`), or those with the credentials of `high-availability.zookeeper.client.authorization` only (`creator`).',
    ),
  ZOOKEEPER_CLIENT_AUTHORIZATION: ConfigOptions.key(
    'high-availability.zookeeper.client.authorization',
  )
    .mapType()
    .noDefaultValue()
    .withDescription("Credentials by scheme, such as `digest:'user:password'`. Never shown."),
  ZOOKEEPER_TOLERATE_SUSPENDED_CONNECTIONS: ConfigOptions.key(
    'high-availability.zookeeper.client.tolerate-suspended-connections',
  )
    .booleanType()
    .defaultValue(false)
    .withDescription(
      'Whether a leader goes on while its connection to ZooKeeper is cut, until its session is over; otherwise it gives up after a third of the session timeout, and its jobs are restarted by the next leader.',
    ),
  JOB_RESULT_DELETE_ON_COMMIT: ConfigOptions.key('job-result-store.delete-on-commit')
    .booleanType()
    .defaultValue(true)
    .withDescription(
      'How a job ended is forgotten with the end of its clean-up; otherwise it is kept for ever, and the id of the job cannot be used again.',
    ),
} as const
