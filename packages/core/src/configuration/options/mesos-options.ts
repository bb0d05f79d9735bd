import { ConfigOptions } from '../config-options.js'
import {
  configurationKeysType,
  dockerParametersType,
  mesosConstraintsType,
  mesosRolesType,
  mesosUrisType,
  mesosVolumesType,
} from './mesos-option-types.js'

/** Clusters on Apache Mesos. */
export const MesosOptions = {
  MASTER_URL: ConfigOptions.key('mesos.master')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Where the masters of Mesos are: `host:port`, several of them separated by commas, `zk://host:port,host:port/path`, `zk://user:password@…`, or `file:///path` of a file with one of these.',
    ),
  MASTER_SSL_ENABLED: ConfigOptions.key('mesos.flink-ts.ssl.enabled')
    .booleanType()
    .noDefaultValue()
    .withDescription(
      'Whether masters are reached by TLS that are named without a scheme: by `host:port`, and by ZooKeeper. Unless it is set, they are if a truststore or keystore is named. Those with `https://` always are. Not a key of Flink.',
    ),
  MASTER_SSL_TRUSTSTORE: ConfigOptions.key('mesos.flink-ts.ssl.truststore')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Certificates of authorities that masters are trusted by: PEM or PKCS12. Otherwise those that Node.js knows. Not a key of Flink.',
    ),
  MASTER_SSL_TRUSTSTORE_PASSWORD: ConfigOptions.key('mesos.flink-ts.ssl.truststore-password')
    .stringType()
    .noDefaultValue()
    .withDescription('Password of that truststore; none for PEM. Not a key of Flink.'),
  MASTER_SSL_KEYSTORE: ConfigOptions.key('mesos.flink-ts.ssl.keystore')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Private key and certificate of the framework, for masters that ask for one: PEM or PKCS12. Not a key of Flink.',
    ),
  MASTER_SSL_KEYSTORE_PASSWORD: ConfigOptions.key('mesos.flink-ts.ssl.keystore-password')
    .stringType()
    .noDefaultValue()
    .withDescription('Password of that keystore; none for PEM. Not a key of Flink.'),
  MASTER_SSL_KEY_PASSWORD: ConfigOptions.key('mesos.flink-ts.ssl.key-password')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Password of the private key in a PEM keystore, if it has one. Not a key of Flink.',
    ),
  MASTER_SSL_VERIFY_HOSTNAME: ConfigOptions.key('mesos.flink-ts.ssl.verify-hostname')
    .booleanType()
    .defaultValue(true)
    .withDescription(
      'Whether the certificate of a master must have the name or address at which it is reached. Not a key of Flink.',
    ),
  FAILOVER_TIMEOUT_SECONDS: ConfigOptions.key('mesos.failover-timeout')
    .intType({ min: 0 })
    .defaultValue(604_800)
    .withDescription(
      'Seconds for which Mesos lets the TaskManagers go on without a JobManager. Unless it is set, 120 where no other JobManager could take them over: neither with high availability nor with `mesos.framework-id-file`.',
    ),
  FRAMEWORK_ID_FILE: ConfigOptions.key('mesos.framework-id-file')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Without high availability, a file in which the id of the framework is kept: the next JobManager comes back as the same framework and ends what is left over of the earlier one. Missing folders are created; a file that cannot be written is refused before the framework registers. Not a key of Flink.',
    ),
  MAX_FAILED_TASKS: ConfigOptions.key('mesos.maximum-failed-tasks')
    .intType({ min: -1 })
    .defaultValue(-1)
    .withDescription(
      'The cluster fails when more TaskManagers than this have failed since the JobManager started; -1: never.',
    ),
  FRAMEWORK_NAME: ConfigOptions.key('mesos.resourcemanager.framework.name')
    .stringType()
    .defaultValue('Flink')
    .withDescription('What Mesos calls the framework.'),
  FRAMEWORK_ROLES: ConfigOptions.key('mesos.resourcemanager.framework.role')
    .ofType(mesosRolesType)
    .defaultValue(['*'])
    .withDescription(
      'Role of the framework, or several separated by commas: resources that are reserved for it, and those reserved for nobody, are used.',
    ),
  FRAMEWORK_PRINCIPAL: ConfigOptions.key('mesos.resourcemanager.framework.principal')
    .stringType()
    .noDefaultValue()
    .withDescription('Principal with which the framework authenticates itself.'),
  FRAMEWORK_SECRET: ConfigOptions.key('mesos.resourcemanager.framework.secret')
    .stringType()
    .noDefaultValue()
    .withDescription('Secret of the principal.'),
  FRAMEWORK_USER: ConfigOptions.key('mesos.resourcemanager.framework.user')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'User of the agents as which TaskManagers run; otherwise the one as which the JobManager runs.',
    ),
  DECLINED_OFFER_REFUSE_DURATION: ConfigOptions.key(
    'mesos.resourcemanager.declined-offer-refuse-duration',
  )
    .longType({ min: 0 })
    .defaultValue(5000)
    .withDescription('Milliseconds in which Mesos does not offer again what was declined.'),
  UNUSED_OFFER_EXPIRATION: ConfigOptions.key('mesos.resourcemanager.unused-offer-expiration')
    .longType({ min: 0 })
    .defaultValue(10_000)
    .withDescription(
      'Milliseconds after which an offer is declined that is not enough for a TaskManager that is wanted: long enough for more of the same agent to come, and short enough for other frameworks that wait for it. In Flink 120000 is the default.',
    ),
  HARD_HOST_ATTRIBUTE_CONSTRAINTS: ConfigOptions.key('mesos.constraints.hard.hostattribute')
    .ofType(mesosConstraintsType)
    .noDefaultValue()
    .withDescription(
      'Attributes that an agent must have to get TaskManagers: `attribute:value,attribute:value`.',
    ),
  NETWORK_RESOURCE_NAME: ConfigOptions.key('mesos.resourcemanager.network.resource.name')
    .stringType()
    .defaultValue('network')
    .withDescription('What agents call the resource of network bandwidth.'),
  ARTIFACT_SERVER_PORT: ConfigOptions.key('mesos.resourcemanager.artifactserver.port')
    .portRangeType()
    .defaultValue('0')
    .withDescription(
      'Port or ports of the HTTP server of the JobManager from which agents and TaskManagers get what they start with. 0: any free.',
    ),
  ARTIFACT_SERVER_SSL_ENABLED: ConfigOptions.key('mesos.resourcemanager.artifactserver.ssl.enabled')
    .booleanType()
    .defaultValue(true)
    .withDescription(
      'Whether that server speaks TLS where `security.ssl.internal.enabled` is true. Agents must trust its certificate then, unless they have the installation.',
    ),
  TASKS_CPUS: ConfigOptions.key('mesos.resourcemanager.tasks.cpus')
    .doubleType({ min: 0 })
    .defaultValue(0)
    .withDescription(
      'CPUs of a TaskManager, unless `taskmanager.cpu.cores` says it; 0: as many as it has slots.',
    ),
  TASKS_DISK: ConfigOptions.key('mesos.resourcemanager.tasks.disk')
    .intType({ min: 0 })
    .defaultValue(0)
    .withDescription('Megabytes of disk of a TaskManager.'),
  TASKS_GPUS: ConfigOptions.key('mesos.resourcemanager.tasks.gpus')
    .intType({ min: 0 })
    .defaultValue(0)
    .withDescription(
      'GPUs of a TaskManager; otherwise the amounts of the external resources with `external-resource.<name>.mesos.config-key: gpus`.',
    ),
  TASKS_NETWORK_BANDWIDTH: ConfigOptions.key('mesos.resourcemanager.tasks.network.bandwidth')
    .intType({ min: 0 })
    .defaultValue(0)
    .withDescription('Network bandwidth of a TaskManager in megabytes per second.'),
  TASKS_PORT_ASSIGNMENTS: ConfigOptions.key('mesos.resourcemanager.tasks.port-assignments')
    .ofType(configurationKeysType)
    .noDefaultValue()
    .withDescription(
      'Configuration keys of TaskManagers, separated by commas, that get a port of the offer each, as `taskmanager.rpc.port` and `taskmanager.data.port` do where they are 0.',
    ),
  TASKS_CONTAINER_TYPE: ConfigOptions.key('mesos.resourcemanager.tasks.container.type')
    .enumType('mesos', 'docker')
    .defaultValue('mesos')
    .withDescription('Containerizer of the agents that runs TaskManagers: `mesos` or `docker`.'),
  TASKS_CONTAINER_IMAGE_NAME: ConfigOptions.key('mesos.resourcemanager.tasks.container.image.name')
    .stringType()
    .noDefaultValue()
    .withDescription('Docker image in which TaskManagers run; `docker` needs one.'),
  TASKS_CONTAINER_VOLUMES: ConfigOptions.key('mesos.resourcemanager.tasks.container.volumes')
    .ofType(mesosVolumesType)
    .noDefaultValue()
    .withDescription(
      'Volumes of TaskManagers, separated by commas: `[host path:]container path[:RO|RW]`.',
    ),
  TASKS_DOCKER_PARAMETERS: ConfigOptions.key(
    'mesos.resourcemanager.tasks.container.docker.parameters',
  )
    .ofType(dockerParametersType)
    .noDefaultValue()
    .withDescription(
      'Further parameters of `docker run`, separated by commas: `key=value`, where the value may have `=`.',
    ),
  TASKS_DOCKER_FORCE_PULL_IMAGE: ConfigOptions.key(
    'mesos.resourcemanager.tasks.container.docker.force-pull-image',
  )
    .booleanType()
    .defaultValue(false)
    .withDescription('Whether agents pull the image for each TaskManager, even if they have it.'),
  TASKS_BOOTSTRAP_CMD: ConfigOptions.key('mesos.resourcemanager.tasks.bootstrap-cmd')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Command that runs before a TaskManager, in the same shell; when it fails, so does the TaskManager.',
    ),
  TASKS_TASK_MANAGER_CMD: ConfigOptions.key('mesos.resourcemanager.tasks.taskmanager-cmd')
    .stringType()
    .defaultValue('$FLINK_HOME/bin/mesos-taskmanager.sh')
    .withDescription('Command that starts a TaskManager; `-D key=value` follow it.'),
  TASKS_HOSTNAME: ConfigOptions.key('mesos.resourcemanager.tasks.hostname')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Name by which others reach a TaskManager; `_TASK_` stands for the id of its task, as in `_TASK_.flink.mesos` of Mesos DNS. Otherwise that of the agent.',
    ),
  TASKS_LABELS: ConfigOptions.key('mesos.resourcemanager.tasks.labels')
    .mapType()
    .noDefaultValue()
    .withDescription('Labels of the tasks: `key:value,key:value`.'),
  TASKS_URIS: ConfigOptions.key('mesos.resourcemanager.tasks.uris')
    .ofType(mesosUrisType)
    .noDefaultValue()
    .withDescription(
      'URIs, separated by commas, that agents fetch into the folder of each TaskManager; archives are unpacked.',
    ),
  TASKS_USER: ConfigOptions.key('mesos.resourcemanager.tasks.user')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'User as which TaskManagers run; otherwise as `mesos.resourcemanager.framework.user` says.',
    ),
  HOME_PATH: ConfigOptions.key('mesos.flink-ts.home-path')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Folder of an installation of the same version on the agents, or in the image; otherwise agents fetch that of the JobManager. Not a key of Flink.',
    ),
  SECRET_PATH: ConfigOptions.key('mesos.flink-ts.secret-path')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'File with the secret of the cluster on the agents, for clusters of machines on which strangers can look into tasks; otherwise each TaskManager gets it from the JobManager, by a ticket that is good once. Not a key of Flink.',
    ),
  NODE_PATH: ConfigOptions.key('mesos.flink-ts.node-path')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Path of Node.js on the agents, or in the image; otherwise agents fetch the program that runs the JobManager. Not a key of Flink.',
    ),
} as const
