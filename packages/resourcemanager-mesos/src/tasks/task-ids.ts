/**
 * Names tasks as Flink does: `taskmanager-00001`.
 *
 * @param processId where numbers begin anew with each process: a name of the process, which becomes a part of the ids
 */
export function taskIds(processId: string | undefined): (taskNumber: number) => string {
  const prefix = processId === undefined ? 'taskmanager' : `taskmanager-${processId}`
  return (taskNumber) => `${prefix}-${`${taskNumber}`.padStart(5, '0')}`
}
