/** Variables of a task by which its TaskManager gets what the JobManager has for it. */
export const LaunchVariables = {
  /** URL of the artifact server, with its path. */
  ARTIFACTS: 'FLINK_MESOS_ARTIFACTS',
  /** Good once; absent: it follows from the secret of the cluster, which is on the agent. */
  TICKET: 'FLINK_MESOS_TICKET',
  /** Flags with which `bin/mesos-taskmanager.sh` starts node. */
  NODE_FLAGS: 'FLINK_NODE_FLAGS',
  /** Id of the task. */
  TASK_NAME: 'TASK_NAME',
  FRAMEWORK_NAME: 'FRAMEWORK_NAME',
} as const
