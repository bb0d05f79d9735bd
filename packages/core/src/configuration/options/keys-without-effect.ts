/** Keys of Flink that are accepted but change nothing here, and why. */
export interface KeysWithoutEffect {
  /** Continues the sentence "has no effect: …". */
  readonly reason: string
  /** Keys; `<…>` stands for one name inside a key, for anything at its end. */
  readonly keys: readonly string[]
}

/**
 * The one place that says which known keys have no effect. A defined option whose key stands here
 * counts as not read yet; whoever begins to read it removes its key.
 */
export const KEYS_WITHOUT_EFFECT: readonly KeysWithoutEffect[] = [
  {
    reason: 'it configures the Java virtual machine, which is not used',
    keys: words(`
      classloader.check-leaked-classloader classloader.fail-on-metaspace-oom-error
      classloader.parent-first-patterns-additional
      classloader.parent-first-patterns.additional classloader.parent-first-patterns.default
      classloader.resolve-order cluster.intercept-user-system-exit
      cluster.processes.halt-on-fatal-error cluster.thread-dump.stacktrace-max-depth
      cluster.uncaught-exception-handling env.java.home env.java.opts env.java.opts.all
      env.java.opts.client env.java.opts.historyserver env.java.opts.jobmanager
      env.java.opts.taskmanager
      jobmanager.memory.enable-jvm-direct-memory-limit pekko.jvm-exit-on-fatal-error
      pipeline.classpaths pipeline.jars shuffle-service-factory.class
      task.cancellation.timers.timeout
      taskmanager.jvm-exit-on-oom taskmanager.memory.off-heap taskmanager.memory.preallocate
    `),
  },
  {
    reason:
      'processes are sized by jobmanager.memory.process.size and taskmanager.memory.process.size',
    keys: words(`
      jobmanager.heap.mb jobmanager.heap.size mesos.resourcemanager.tasks.mem
      taskmanager.heap.mb taskmanager.heap.size
    `),
  },
  {
    reason: 'it sizes a thread pool that does not exist here',
    keys: words(`
      blob.fetch.backlog cluster.io-pool.size jobmanager.future-pool.size
      jobmanager.io-pool.size rest.server.numThreads
      taskmanager.network.netty.client.numThreads taskmanager.network.netty.num-arenas
      taskmanager.network.netty.sendReceiveBufferSize
      taskmanager.network.netty.server.backlog taskmanager.network.netty.server.numThreads
      taskmanager.network.netty.transport
    `),
  },
  {
    reason: 'it belongs to the RPC library of Flink, which is not used',
    keys: words(`
      akka.<key> pekko.retry-gate-closed-for pekko.ssl.enabled pekko.startup-timeout
      pekko.tcp.timeout resourcemanager.rpc.port
    `),
  },
  {
    reason: 'TLS for REST and Kerberos are not in this release',
    keys: words(`
      security.ssl.rest.enabled security.context.factory.classes
      security.delegation.tokens.enabled security.kerberos.login.contexts
      security.kerberos.login.keytab security.kerberos.login.principal
      security.kerberos.login.use-ticket-cache security.module.factory.classes
      security.ssl.rest.authentication-enabled
      security.ssl.rest.cert.fingerprint security.ssl.rest.key-password
      security.ssl.rest.keystore security.ssl.rest.keystore-password
      security.ssl.rest.truststore security.ssl.rest.truststore-password
      security.ssl.rest.verify-hostname zookeeper.sasl.disable
      zookeeper.sasl.login-context-name zookeeper.sasl.service-name
    `),
  },
  {
    reason: 'TLS is that of Node, and its sessions are not kept',
    keys: words(`
      security.ssl.provider security.ssl.internal.close-notify-flush-timeout
      security.ssl.internal.session-cache-size security.ssl.internal.session-timeout
    `),
  },
  {
    reason: 'BLOBs travel over RPC',
    keys: words(`
      blob.client.connect.timeout blob.client.socket.timeout blob.server.port
      blob.fetch.num-concurrent
      blob.service.ssl.enabled blob.offload.minsize
    `),
  },
  {
    reason:
      'high availability on Kubernetes, and its results of applications, are not in this release',
    keys: words(`
      application-result-store.delete-on-commit application-result-store.storage-path
      cluster.id
      high-availability.kubernetes.leader-election.lease-duration
      high-availability.kubernetes.leader-election.renew-deadline
      high-availability.kubernetes.leader-election.retry-period
      high-availability.zookeeper.path.applications
    `),
  },
  {
    reason: 'the layout of what is kept in ZooKeeper is fixed',
    keys: words(`
      high-availability.zookeeper.path.checkpoint-counter
      high-availability.zookeeper.path.checkpoints
      high-availability.zookeeper.path.latch
      high-availability.zookeeper.path.leader high-availability.zookeeper.path.mesos-workers
      high-availability.zookeeper.path.running-registry
    `),
  },
  {
    reason: 'results of jobs are kept with everything else that a leader keeps for the next',
    keys: words(`
      job-result-store.storage-path
    `),
  },
  {
    reason: 'the servers of the ensemble are those that the configuration names',
    keys: words(`
      high-availability.zookeeper.client.ensemble-tracker
    `),
  },
  {
    reason: 'this part of checkpoints and state backends is not in this release',
    keys: words(`
      execution.checkpointing.cleaner.parallel-mode
      execution.checkpointing.file-merging.enabled
      execution.checkpointing.file-merging.max-file-size
      execution.checkpointing.interval-during-backlog
      execution.checkpointing.snapshot-compression
      execution.checkpointing.unaligned.forced
      execution.checkpointing.unaligned.max-subtasks-per-channel-state-file
      execution.checkpointing.write-buffer-size
      rest.cache.checkpoint-statistics.size
      rest.cache.checkpoint-statistics.timeout state.backend.changelog.<key>
      state.backend.forst.<key>
      state.backend.rocksdb.<key> state.backend.rocksdb.localdir
      state.backend.rocksdb.memory.managed state.backend.rocksdb.timer-service.factory
      state.changelog.enabled state.changelog.max-failures-allowed
      state.changelog.periodic-materialize.interval state.changelog.storage
      state.latency-track.<key> state.latency-track.keyed-state-enabled
      state.ttl.<key>
    `),
  },
  {
    reason: 'queryable state is deprecated in Flink and not offered',
    keys: words(`
      queryable-state.enable queryable-state.proxy.network-threads
      queryable-state.proxy.ports queryable-state.proxy.query-threads
      queryable-state.server.network-threads queryable-state.server.ports
      queryable-state.server.query-threads
    `),
  },
  {
    reason: 'watermarks of sources do not wait for each other in this release',
    keys: words(`
      pipeline.watermark-alignment.allow-unaligned-source-splits
    `),
  },
  {
    reason:
      'adaptive batch scheduling, speculative execution and the history of rescales are not in this release',
    keys: words(`
      execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task
      execution.batch.adaptive.auto-parallelism.max-parallelism
      execution.batch.job-recovery.enabled
      execution.batch.speculative.block-slow-node-duration
      execution.batch.speculative.enabled
      execution.batch.speculative.max-concurrent-executions
      jobmanager.adaptive-scheduler.min-parallelism-increase
      jobmanager.adaptive-scheduler.rescale-trigger.max-checkpoint-failures
      jobmanager.adaptive-scheduler.rescale-trigger.max-delay
      pipeline.jobvertex-parallelism-overrides
      slow-task-detector.check-interval
      slow-task-detector.execution-time.baseline-lower-bound
      slow-task-detector.execution-time.baseline-multiplier
      slow-task-detector.execution-time.baseline-ratio
      web.adaptive-scheduler.rescale-history.size web.rescale.enable
    `),
  },
  {
    reason: 'hybrid shuffles are not in this release, and batch results need no buffers to be read',
    keys: words(`
      jobmanager.partition.hybrid.partition-data-consume-constraint
      taskmanager.memory.framework.off-heap.batch-shuffle.size
      taskmanager.network.blocking-shuffle.type
      taskmanager.network.hybrid-shuffle.remote.path
      taskmanager.network.memory.read-buffer.required-per-gate.max
    `),
  },
  {
    reason: 'this behaviour of the data plane cannot be changed',
    keys: words(`
      taskmanager.network.adaptive-partitioner.enabled
      taskmanager.network.adaptive-partitioner.max-traverse-size
      taskmanager.network.detailed-metrics
      taskmanager.network.tcp-connection.enable-reuse-across-jobs
    `),
  },
  {
    reason: 'the history server and the job archive are not in this release',
    keys: words(`
      historyserver.archive.clean-expired-jobs historyserver.archive.fs.dir
      historyserver.archive.fs.refresh-interval historyserver.archive.retained-jobs
      historyserver.web.address historyserver.web.port historyserver.web.refresh-interval
      historyserver.web.ssl.enabled jobmanager.archive.fs.dir
    `),
  },
  {
    reason: 'metric reporters and this kind of metric are not in this release',
    keys: words(`
      metrics.fetcher.update-interval metrics.internal.query-service.port
      metrics.internal.query-service.thread-priority metrics.job.status.enable
      metrics.latency.granularity metrics.latency.history-size metrics.latency.interval
      metrics.reporter.<name>.<key> metrics.reporter.<name>.factory.class
      metrics.reporter.<name>.filter.excludes metrics.reporter.<name>.filter.includes
      metrics.reporter.<name>.interval metrics.reporter.<name>.scope.delimiter
      metrics.reporters metrics.system-resource metrics.system-resource-probing-interval
    `),
  },
  {
    reason: 'profiling through the web is not in this release',
    keys: words(`
      rest.flamegraph.cleanup-interval rest.flamegraph.delay-between-samples
      rest.flamegraph.enabled rest.flamegraph.num-samples rest.flamegraph.refresh-interval
      rest.flamegraph.stack-depth rest.profiling.enabled
    `),
  },
  {
    reason: 'on YARN containers run Node.js with programs in one file, not Java with jars',
    keys: words(`
      yarn.classpath.include-user-jar yarn.container-start-command-template yarn.flink-dist-jar
      yarn.per-job-cluster.include-user-jar yarn.provided.usrlib.dir
    `),
  },
  {
    reason: 'Kerberos is not supported',
    keys: words(`
      yarn.security.appmaster.delegation.token.services
      yarn.security.kerberos.localized-keytab-path yarn.security.kerberos.ship-local-keytab
    `),
  },
  {
    reason: 'lost containers are limited by resourcemanager.start-worker.max-failure-rate',
    keys: words(`
      yarn.maximum-failed-containers
    `),
  },
  {
    reason: 'Kubernetes is not in this release',
    keys: words(`
      kubernetes.client.io-pool.size kubernetes.cluster-id kubernetes.config.file
      kubernetes.container.image.pull-policy kubernetes.container.image.pull-secrets
      kubernetes.container.image.ref kubernetes.context kubernetes.entry.path
      kubernetes.env.secretKeyRef kubernetes.flink.conf.dir kubernetes.flink.log.dir
      kubernetes.hostnetwork.enabled kubernetes.jobmanager.annotations
      kubernetes.jobmanager.cpu.amount kubernetes.jobmanager.cpu.limit-factor
      kubernetes.jobmanager.labels kubernetes.jobmanager.memory.limit-factor
      kubernetes.jobmanager.node-selector kubernetes.jobmanager.owner.reference
      kubernetes.jobmanager.replicas kubernetes.jobmanager.service-account
      kubernetes.jobmanager.tolerations kubernetes.namespace
      kubernetes.persistent-volume-claims kubernetes.pod-template-file.default
      kubernetes.pod-template-file.jobmanager kubernetes.pod-template-file.taskmanager
      kubernetes.rest-service.annotations kubernetes.rest-service.exposed.type
      kubernetes.secrets kubernetes.service-account kubernetes.taskmanager.annotations
      kubernetes.taskmanager.cpu.amount kubernetes.taskmanager.cpu.limit-factor
      kubernetes.taskmanager.labels kubernetes.taskmanager.memory.limit-factor
      kubernetes.taskmanager.node-selector kubernetes.taskmanager.service-account
      kubernetes.taskmanager.tolerations kubernetes.transactional-operation.max-retries
    `),
  },
  {
    reason: 'the memory model says how much of a container is heap',
    keys: words(`
      containerized.heap-cutoff-min containerized.heap-cutoff-ratio
    `),
  },
  {
    reason: 'programs are configured as if this were true',
    keys: words(`
      execution.program-config.enabled execution.program-config.wildcards
    `),
  },
  {
    reason: 'it is of a file system that is not in this release',
    keys: words(`
      azure.<key> fs.<key> gs.<key> hadoop.s3.<key> oss.<key>
      plugin.classloader.parent-first-patterns.additional
      plugin.classloader.parent-first-patterns.default presto.s3.<key> s3.<key>
    `),
  },
  {
    reason: 'SQL, tables and Python are not part of this system',
    keys: words(`
      python.<key> sql-client.<key> sql-gateway.<key> table.<key>
    `),
  },
  {
    reason: 'it was replaced: use completed-application-store.expiration-time (a duration)',
    keys: words(`
      jobstore.expiration-time
    `),
  },
  {
    reason: 'nothing reads it in this release',
    keys: words(`
      client.retry-period fs.default-scheme
      high-availability.jobmanager.<key> high-availability.zookeeper.client.<key>
      metrics.scope.delimiter metrics.scope.jm metrics.scope.jm-job metrics.scope.jm-operator
      metrics.scope.operator metrics.scope.task metrics.scope.tm metrics.scope.tm-job
      pipeline.global-job-parameters
      taskmanager.log.path taskmanager.network.netty.client.connectTimeoutSec
      taskmanager.network.request-backoff.initial taskmanager.network.request-backoff.max
      taskmanager.network.retries web.log.path web.submit.enable web.timeout web.tmpdir
      web.upload.dir
      completed-application-store.cache-size completed-application-store.type
      env.stdout-err.redirect-to-file jobmanager.failure-enrichers
      jobmanager.retrieve-taskmanager-hostname jobmanager.web.log.path jobstore.cache-size
      jobstore.type minicluster.number-of-taskmanagers pipeline.cached-files
      pipeline.operator-chaining.chain-operators-with-different-max-parallelism
      taskmanager.collect-sink.port taskmanager.debug.memory.log
      taskmanager.debug.memory.log-interval
      taskmanager.runtime.fs-timeout taskmanager.system-out.mode web.history web.log.dir
    `),
  },
]

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
