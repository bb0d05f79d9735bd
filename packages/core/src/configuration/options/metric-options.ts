import { ConfigOptions } from '../config-options.js'

/** How metrics are named. */
export const MetricOptions = {
  SCOPE_DELIMITER: ConfigOptions.key('metrics.scope.delimiter')
    .stringType()
    .defaultValue('.')
    .withDescription('What stands between the parts of a metric identifier.'),
  SCOPE_NAMING_JM: ConfigOptions.key('metrics.scope.jm')
    .stringType()
    .defaultValue('<host>.jobmanager')
    .withDescription('Scope of metrics of a JobManager.'),
  SCOPE_NAMING_JM_JOB: ConfigOptions.key('metrics.scope.jm-job')
    .stringType()
    .defaultValue('<host>.jobmanager.<job_name>')
    .withDeprecatedKeys('metrics.scope.jm.job')
    .withDescription('Scope of metrics of a job on a JobManager.'),
  SCOPE_NAMING_JM_OPERATOR: ConfigOptions.key('metrics.scope.jm-operator')
    .stringType()
    .defaultValue('<host>.jobmanager.<job_name>.<operator_name>')
    .withDescription('Scope of metrics of an operator on a JobManager.'),
  SCOPE_NAMING_TM: ConfigOptions.key('metrics.scope.tm')
    .stringType()
    .defaultValue('<host>.taskmanager.<tm_id>')
    .withDescription('Scope of metrics of a TaskManager.'),
  SCOPE_NAMING_TM_JOB: ConfigOptions.key('metrics.scope.tm-job')
    .stringType()
    .defaultValue('<host>.taskmanager.<tm_id>.<job_name>')
    .withDeprecatedKeys('metrics.scope.tm.job')
    .withDescription('Scope of metrics of a job on a TaskManager.'),
  SCOPE_NAMING_TASK: ConfigOptions.key('metrics.scope.task')
    .stringType()
    .defaultValue('<host>.taskmanager.<tm_id>.<job_name>.<task_name>.<subtask_index>')
    .withDescription('Scope of metrics of a task.'),
  SCOPE_NAMING_OPERATOR: ConfigOptions.key('metrics.scope.operator')
    .stringType()
    .defaultValue('<host>.taskmanager.<tm_id>.<job_name>.<operator_name>.<subtask_index>')
    .withDescription('Scope of metrics of an operator.'),
} as const
