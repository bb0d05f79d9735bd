import type { YarnResource } from '@flink-ts/hadoop-rpc'
import type { AnswerReader } from './answer-reader.js'
import type {
  NewApplication,
  YarnApplicationAttempt,
  YarnApplicationReport,
  YarnApplicationState,
  YarnClusterMetrics,
  YarnFinalStatus,
  YarnNode,
} from './resource-manager-records.js'

const STATES: readonly YarnApplicationState[] = [
  'NEW',
  'NEW_SAVING',
  'SUBMITTED',
  'ACCEPTED',
  'RUNNING',
  'FINISHED',
  'FAILED',
  'KILLED',
]
const FINAL_STATUSES: readonly YarnFinalStatus[] = [
  'UNDEFINED',
  'SUCCEEDED',
  'FAILED',
  'KILLED',
  'ENDED',
]
const APPLICATION_ID = /^application_\d+_\d+$/
const HOST_AND_PORT = /^.+:[1-9]\d*$/

/** All throw TypeError for an answer that has not what it must have. */
export function parseNewApplication(answer: AnswerReader): NewApplication {
  const applicationId = answer.at('application-id').text()
  if (!APPLICATION_ID.test(applicationId)) {
    throw new TypeError(`'${applicationId.slice(0, 100)}' is no application id`)
  }
  return { applicationId, maximumCapability: resourceOf(answer.at('maximum-resource-capability')) }
}

export function parseApplication(answer: AnswerReader): YarnApplicationReport {
  const app = answer.at('app')
  const amRpcAddress = app.at('amRPCAddress').textOr('')
  return {
    applicationId: app.at('id').text(),
    user: app.at('user').textOr(''),
    name: app.at('name').textOr(''),
    queue: app.at('queue').textOr(''),
    type: app.at('applicationType').textOr(''),
    state: oneOf(STATES, app.at('state').text()),
    finalStatus: oneOf(FINAL_STATUSES, app.at('finalStatus').textOr('UNDEFINED')),
    diagnostics: app.at('diagnostics').textOr('').trim(),
    // Before an ApplicationMaster registers it is N/A:-1 or not there.
    ...(HOST_AND_PORT.test(amRpcAddress) ? { amRpcAddress } : {}),
    trackingUrl: app.at('trackingUrl').textOr(''),
  }
}

export function parseAttempts(answer: AnswerReader): readonly YarnApplicationAttempt[] {
  return answer
    .at('appAttempts', 'appAttempt')
    .elements()
    .map((attempt) => ({
      id: attempt.at('id').number(),
      containerId: attempt.at('containerId').textOr(''),
      nodeHttpAddress: attempt.at('nodeHttpAddress').textOr(''),
    }))
    .sort((a, b) => a.id - b.id)
}

/** `ACTIVE` when it has read its state and serves, also where there is one ResourceManager only. */
export function parseHaState(answer: AnswerReader): string {
  return answer.at('clusterInfo', 'haState').text()
}

export function parseMetrics(answer: AnswerReader): YarnClusterMetrics {
  const metrics = answer.at('clusterMetrics')
  return {
    activeNodes: metrics.at('activeNodes').number(),
    totalMb: metrics.at('totalMB').number(),
    availableMb: metrics.at('availableMB').number(),
    totalVcores: metrics.at('totalVirtualCores').number(),
    availableVcores: metrics.at('availableVirtualCores').number(),
  }
}

export function parseNodes(answer: AnswerReader): readonly YarnNode[] {
  return answer
    .at('nodes', 'node')
    .elements()
    .map((node) => ({
      id: node.at('id').text(),
      state: node.at('state').textOr('UNKNOWN'),
      availableMb: node.at('availMemoryMB').numberOr(0),
      usedMb: node.at('usedMemoryMB').numberOr(0),
      availableVcores: node.at('availableVirtualCores').numberOr(0),
      usedVcores: node.at('usedVirtualCores').numberOr(0),
    }))
}

/** Memory and cores of a resource; others by their names. */
export function resourceOf(resource: AnswerReader): YarnResource {
  const others = resource
    .at('resourceInformations', 'resourceInformation')
    .elements()
    .map((info) => [info.at('name').textOr(''), info.at('value').numberOr(0)] as const)
    .filter(([name]) => name !== '' && name !== 'memory-mb' && name !== 'vcores')
  return {
    memoryMb: resource.at('memory').number(),
    vcores: resource.at('vCores').number(),
    others: Object.fromEntries(others),
  }
}

function oneOf<T extends string>(values: readonly T[], text: string): T {
  const found = values.find((value) => value === text)
  if (found === undefined) throw new TypeError(`'${text.slice(0, 100)}' is no state of YARN`)
  return found
}
