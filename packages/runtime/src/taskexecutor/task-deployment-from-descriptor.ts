import type { ResultPartitionDescriptor } from '@flink-ts/network'
import { decodeTaskRestore, type TaskRestore } from '../checkpoint/task-restore.js'
import type { TaskDeploymentDescriptor } from '../messages/messages.generated.js'
import { expandInputGate, type InputGateDeployment } from '../taskmanager/producer-group.js'
import type {
  JobInformation,
  TaskDeployment,
  TaskInformation,
} from '../taskmanager/task-launcher.js'
import { TaskSubmissionError } from './task-executor-errors.js'

/**
 * Reads the parts of a descriptor that travel as JSON.
 *
 * @throws TaskSubmissionError naming the part that is not what it should be
 */
export function taskDeploymentFromDescriptor(
  descriptor: TaskDeploymentDescriptor,
): Omit<TaskDeployment, 'bundlePath'> {
  const { executionAttemptId, allocationId, subtaskIndex, attemptNumber } = descriptor
  const parse = (part: keyof TaskDeploymentDescriptor, bytes: Uint8Array, isList: boolean) => {
    let value: unknown
    try {
      value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
    } catch (cause) {
      throw new TaskSubmissionError({ executionAttemptId, why: `${part} is not JSON`, cause })
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) !== isList) {
      const why = `${part} is not ${isList ? 'a list' : 'an object'}`
      throw new TaskSubmissionError({ executionAttemptId, why })
    }
    return value
  }
  const { jobInformation, taskInformation, producedPartitions, inputGates, taskRestore } =
    descriptor
  return {
    executionAttemptId,
    allocationId,
    subtaskIndex,
    attemptNumber,
    job: parse('jobInformation', jobInformation, false) as JobInformation,
    task: parse('taskInformation', taskInformation, false) as TaskInformation,
    producedPartitions: parse(
      'producedPartitions',
      producedPartitions,
      true,
    ) as ResultPartitionDescriptor[],
    inputGates: (parse('inputGates', inputGates, true) as InputGateDeployment[]).map(
      expandInputGate,
    ),
    ...(taskRestore !== undefined &&
      taskRestore.length > 0 && { restore: parseRestore(executionAttemptId, taskRestore) }),
  }
}

function parseRestore(executionAttemptId: string, bytes: Uint8Array): TaskRestore {
  try {
    return decodeTaskRestore(bytes)
  } catch (cause) {
    throw new TaskSubmissionError({ executionAttemptId, why: 'taskRestore is not JSON', cause })
  }
}
