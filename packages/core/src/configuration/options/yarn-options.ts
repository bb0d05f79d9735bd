import { ConfigOptions } from '../config-options.js'

/** Clusters on Hadoop YARN. */
export const YarnOptions = {
  APPLICATION_ID: ConfigOptions.key('yarn.application.id')
    .stringType()
    .noDefaultValue()
    .withDescription('The running application that `yarn-session` and `yarn-application` talk to.'),
  APPLICATION_NAME: ConfigOptions.key('yarn.application.name')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'What lists of applications call it; otherwise its kind, and the job if there is one.',
    ),
  APPLICATION_QUEUE: ConfigOptions.key('yarn.application.queue')
    .stringType()
    .noDefaultValue()
    .withDescription('Queue of the scheduler; otherwise the one that YARN takes (`default`).'),
  APPLICATION_TYPE: ConfigOptions.key('yarn.application.type')
    .stringType()
    .noDefaultValue()
    .withDescription('Type of the application in lists; otherwise `Apache Flink`.'),
  APPLICATION_PRIORITY: ConfigOptions.key('yarn.application.priority')
    .intType({ min: -1 })
    .defaultValue(-1)
    .withDescription('Priority within the queue, a higher number first; -1: that of the queue.'),
  APPLICATION_NODE_LABEL: ConfigOptions.key('yarn.application.node-label')
    .stringType()
    .noDefaultValue()
    .withDescription('Only nodes with this label get containers of the application.'),
  APPLICATION_TAGS: ConfigOptions.key('yarn.tags')
    .stringType()
    .noDefaultValue()
    .withDescription('Tags of the application, separated by commas.'),
  APPLICATION_ATTEMPTS: ConfigOptions.key('yarn.application-attempts')
    .intType({ min: 1 })
    .noDefaultValue()
    .withDescription(
      'How often YARN starts the JobManager in all; otherwise 1 without high availability, and as often as YARN allows with it. YARN has a limit of its own.',
    ),
  APPLICATION_ATTEMPT_FAILURE_VALIDITY_INTERVAL: ConfigOptions.key(
    'yarn.application-attempt-failures-validity-interval',
  )
    .longType({ min: -1 })
    .defaultValue(10_000)
    .withDescription(
      'Milliseconds after which a failure of the JobManager does not count any more for the number of attempts; -1: all count.',
    ),
  APPLICATION_MASTER_PORT: ConfigOptions.key('yarn.application-master.port')
    .portRangeType()
    .defaultValue('0')
    .withDescription('Ports for the RPC service of the JobManager in its container. 0: any free.'),
  APP_MASTER_VCORES: ConfigOptions.key('yarn.appmaster.vcores')
    .intType({ min: 1 })
    .defaultValue(1)
    .withDescription('Virtual cores of the container of the JobManager.'),
  CONTAINER_VCORES: ConfigOptions.key('yarn.containers.vcores')
    .intType({ min: -1 })
    .defaultValue(-1)
    .withDescription(
      'Virtual cores of the container of a TaskManager; -1: as many as it has CPUs.',
    ),
  TASK_MANAGER_NODE_LABEL: ConfigOptions.key('yarn.taskmanager.node-label')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Only nodes with this label run TaskManagers; otherwise as `yarn.application.node-label` says.',
    ),
  HEARTBEAT_DELAY_SECONDS: ConfigOptions.key('yarn.heartbeat.interval')
    .intType({ min: 1 })
    .defaultValue(5)
    .withDeprecatedKeys('yarn.heartbeat-delay')
    .withDescription('Seconds between two heartbeats from the JobManager to YARN.'),
  CONTAINER_REQUEST_HEARTBEAT_INTERVAL: ConfigOptions.key(
    'yarn.heartbeat.container-request-interval',
  )
    .durationType({ min: 1 })
    .defaultValue(500)
    .withDescription(
      'The same while containers are wanted, at the most: it begins with 100 ms and doubles, as a cluster with room is quick.',
    ),
  STAGING_DIRECTORY: ConfigOptions.key('yarn.staging-directory')
    .stringType()
    .noDefaultValue()
    .withDescription(
      "Folder in which `<user>/.flink-ts/<application id>` is made for the files of an application: `hdfs://…`, or `file://…` on a disk that all nodes share; otherwise `.flink-ts` in the user's home in the default file system of Hadoop.",
    ),
  FILE_REPLICATION: ConfigOptions.key('yarn.file-replication')
    .intType({ min: -1 })
    .defaultValue(-1)
    .withDescription('Copies of each uploaded file; -1: as many as the file system makes.'),
  SHIP_FILES: ConfigOptions.key('yarn.ship-files')
    .listType()
    .noDefaultValue()
    .withDeprecatedKeys('yarn.ship-directories')
    .withDescription(
      'Files and folders, here or in the file system of the cluster, that every container finds in its working folder.',
    ),
  SHIP_ARCHIVES: ConfigOptions.key('yarn.ship-archives')
    .listType()
    .noDefaultValue()
    .withDescription(
      'Archives (`.tar.gz`, `.tgz`, `.tar`, `.zip`, `.jar`) that every container finds unpacked, in a folder of the name of the archive.',
    ),
  PROVIDED_LIB_DIRS: ConfigOptions.key('yarn.provided.lib.dirs')
    .listType()
    .noDefaultValue()
    .withDescription(
      'Folders in the file system of the cluster, readable by everybody, with an installation packed as `flink-ts-*.tgz` and a `node` program, if nodes have none: containers take them from there, nothing is uploaded, and nodes keep them for all applications.',
    ),
  NODE_PATH: ConfigOptions.key('yarn.flink-ts.node-path')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Path of Node.js on the nodes; otherwise the program that runs the client is uploaded, once. Not a key of Flink.',
    ),
  HOME_PATH: ConfigOptions.key('yarn.flink-ts.home-path')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Folder of an installation of the same version on the nodes; otherwise that of the client is uploaded, once. Not a key of Flink.',
    ),
  RESOURCE_MANAGER_WEBAPP_ADDRESSES: ConfigOptions.key('yarn.resourcemanager.webapp.address')
    .listType()
    .noDefaultValue()
    .withDescription(
      'REST addresses of the ResourceManagers of YARN, `host:8088;host:8088`; otherwise from `yarn-site.xml`. Not a key of Flink.',
    ),
  RESOURCE_MANAGER_SCHEDULER_ADDRESSES: ConfigOptions.key('yarn.resourcemanager.scheduler.address')
    .listType()
    .noDefaultValue()
    .withDescription(
      'Addresses of their schedulers, `host:8030;host:8030`; otherwise from `yarn-site.xml`. Not a key of Flink.',
    ),
  PROPERTIES_FILE_LOCATION: ConfigOptions.key('yarn.properties-file.location')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Folder of the file `.yarn-properties-<user>`, by which `flink run` finds the session that was started last; otherwise that of temporary files.',
    ),
  ROLLED_LOGS_INCLUDE_PATTERN: ConfigOptions.key('yarn.rolled-logs.include-pattern')
    .stringType()
    .noDefaultValue()
    .withDescription('Regular expression of log files that YARN collects while containers run.'),
  ROLLED_LOGS_EXCLUDE_PATTERN: ConfigOptions.key('yarn.rolled-logs.exclude-pattern')
    .stringType()
    .noDefaultValue()
    .withDescription('Regular expression of log files that it does not.'),
  VIEW_ACLS: ConfigOptions.key('yarn.view.acls')
    .stringType()
    .noDefaultValue()
    .withDescription('Who may see the application: `user1,user2 group1,group2`, or `*`.'),
  MODIFY_ACLS: ConfigOptions.key('yarn.modify.acls')
    .stringType()
    .noDefaultValue()
    .withDescription('Who may end the application, in the same form.'),
  MASTER_ENVIRONMENT: ConfigOptions.key('containerized.master.env')
    .mapType()
    .noDefaultValue()
    .withDescription(
      'Environment variables of the container of the JobManager: `containerized.master.env.NAME: value`.',
    ),
  TASK_MANAGER_ENVIRONMENT: ConfigOptions.key('containerized.taskmanager.env')
    .mapType()
    .noDefaultValue()
    .withDescription(
      'Environment variables of containers of TaskManagers: `containerized.taskmanager.env.NAME: value`.',
    ),
  HADOOP_PROPERTIES: ConfigOptions.key('flink.hadoop')
    .mapType()
    .noDefaultValue()
    .withDescription(
      'Properties over those of the files of Hadoop: `flink.hadoop.fs.defaultFS: hdfs://host:8020` sets `fs.defaultFS`.',
    ),
  YARN_PROPERTIES: ConfigOptions.key('flink.yarn')
    .mapType()
    .noDefaultValue()
    .withDescription(
      'Properties of YARN over those of its files: `flink.yarn.resourcemanager.hostname: host` sets `yarn.resourcemanager.hostname`.',
    ),
  HADOOP_CONF_DIR: ConfigOptions.key('env.hadoop.conf.dir')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Folder with `core-site.xml` and `hdfs-site.xml`; otherwise `HADOOP_CONF_DIR`.',
    ),
  YARN_CONF_DIR: ConfigOptions.key('env.yarn.conf.dir')
    .stringType()
    .noDefaultValue()
    .withDescription('Folder with `yarn-site.xml`; otherwise `YARN_CONF_DIR`.'),
} as const
