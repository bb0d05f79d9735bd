import { FlinkError } from '@flink-ts/core'

/** Who a framework says that it is (HTTP Basic authentication). */
export interface MesosCredentials {
  /** Without a colon. */
  readonly principal: string
  readonly secret: string
}

/** A principal cannot be told to masters. */
export class MesosCredentialsError extends FlinkError {
  constructor(principal: string, problem: string) {
    super(`Cannot show '${principal}' to masters of Mesos as principal: ${problem}`, {
      code: 'FLINK_MESOS_CREDENTIALS',
    })
  }
}

/**
 * Value of the header.
 *
 * @throws MesosCredentialsError
 */
export function basicAuthorization({ principal, secret }: MesosCredentials): string {
  if (principal === '') throw new MesosCredentialsError(principal, 'it is empty')
  if (principal.includes(':')) {
    throw new MesosCredentialsError(principal, 'it has a colon, which HTTP takes for its end')
  }
  return `Basic ${Buffer.from(`${principal}:${secret}`).toString('base64')}`
}
