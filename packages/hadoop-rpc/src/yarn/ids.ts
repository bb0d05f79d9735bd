import { FlinkError } from '@flink-ts/core'
import type { ApplicationId, ContainerId } from './records.js'

/** The parts of an {@link ApplicationId}. */
export interface ApplicationIdParts {
  /** When the ResourceManager started first: milliseconds since the epoch. */
  readonly clusterTimestamp: bigint
  readonly number: number
}

/** The parts of a {@link ContainerId}. */
export interface ContainerIdParts {
  /** How often the ResourceManager had restarted when it allocated the container. */
  readonly epoch: number
  readonly clusterTimestamp: bigint
  readonly applicationNumber: number
  readonly attemptNumber: number
  /** Begins at 1 (the ApplicationMaster, as a rule) in each attempt. */
  readonly containerNumber: bigint
}

const NUMBER_BITS = 40n
const NUMBER_MASK = (1n << NUMBER_BITS) - 1n
const APPLICATION = /^application_(\d{1,19})_(\d{1,10})$/
const CONTAINER = /^container_(?:e(\d{1,8})_)?(\d{1,19})_(\d{1,10})_(\d{1,10})_(\d{1,13})$/

/** A text is no id of YARN's. */
export class InvalidYarnIdError extends FlinkError {
  readonly text: string

  constructor(text: string, expected: string) {
    super(`'${text.slice(0, 100)}' is no id of YARN: expected is ${expected}`, {
      code: 'FLINK_YARN_INVALID_ID',
    })
    this.text = text
  }
}

export function formatApplicationId(id: ApplicationIdParts): ApplicationId {
  return `application_${id.clusterTimestamp}_${pad(id.number, 4)}`
}

/** @throws InvalidYarnIdError */
export function parseApplicationId(text: string): ApplicationIdParts {
  const match = APPLICATION.exec(text)
  if (match === null) throw new InvalidYarnIdError(text, 'application_1700000000000_0001')
  return { clusterTimestamp: BigInt(match[1]!), number: Number(match[2]) }
}

export function formatContainerId(id: ContainerIdParts): ContainerId {
  const epoch = id.epoch > 0 ? `e${pad(id.epoch, 2)}_` : ''
  const attempt = `${pad(id.applicationNumber, 4)}_${pad(id.attemptNumber, 2)}`
  return `container_${epoch}${id.clusterTimestamp}_${attempt}_${pad(id.containerNumber, 6)}`
}

/** @throws InvalidYarnIdError */
export function parseContainerId(text: string): ContainerIdParts {
  const match = CONTAINER.exec(text)
  const containerNumber = BigInt(match?.[5] ?? 0)
  if (match === null || containerNumber > NUMBER_MASK)
    throw new InvalidYarnIdError(text, 'container_e05_1700000000000_0001_01_000002')
  return {
    epoch: Number(match[1] ?? 0),
    clusterTimestamp: BigInt(match[2]!),
    applicationNumber: Number(match[3]),
    attemptNumber: Number(match[4]),
    containerNumber,
  }
}

/** The application that a container belongs to. */
export function applicationIdOf(container: ContainerIdParts): ApplicationId {
  const { clusterTimestamp, applicationNumber } = container
  return formatApplicationId({ clusterTimestamp, number: applicationNumber })
}

/** What goes over the wire: epoch and number in one. */
export function containerIdNumber(id: ContainerIdParts): bigint {
  return (BigInt(id.epoch) << NUMBER_BITS) | id.containerNumber
}

/** The reverse of {@link containerIdNumber}. */
export function splitContainerIdNumber(
  id: bigint,
): Pick<ContainerIdParts, 'epoch' | 'containerNumber'> {
  return { epoch: Number(id >> NUMBER_BITS), containerNumber: id & NUMBER_MASK }
}

const pad = (value: number | bigint, digits: number) => String(value).padStart(digits, '0')
