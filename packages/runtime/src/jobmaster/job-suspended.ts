/** Code of the cause with which a JobMaster says goodbye when another one may go on with the job. */
export const JOB_SUSPENDED_CODE = 'FLINK_JOB_SUSPENDED'
