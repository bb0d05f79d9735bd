import { FlinkError } from '@flink-ts/core'

/** What a daemon of Hadoop says in place of an answer. */
export interface RemoteException {
  /** Simple name of its class, such as `NotFoundException`. */
  readonly exception: string
  /** Its first line. */
  readonly message: string
}

/** YARN refused a request. */
export class YarnRequestRefusedError extends FlinkError {
  /** Undefined if the answer has none. */
  readonly remote: RemoteException | undefined
  readonly status: number

  constructor(attempt: string, facts: { status: number; remote?: RemoteException; body?: string }) {
    const { status, remote, body = '' } = facts
    const said =
      remote === undefined
        ? `status ${status}${body.trim() === '' ? '' : `: ${shortened(body)}`}`
        : `${remote.exception}: ${remote.message}`
    super(`YARN refused to ${attempt}: ${said}`, { code: 'FLINK_YARN_REFUSED' })
    this.status = status
    this.remote = remote
  }
}

/** The answer of a daemon of Hadoop makes no sense. */
export class YarnAnswerError extends FlinkError {
  constructor(attempt: string, address: string, why: string) {
    super(
      `Could not ${attempt}: the answer of ${address} is none of YARN's REST API: ${why}; is that the web address of a ResourceManager?`,
      { code: 'FLINK_YARN_ANSWER' },
    )
  }
}

/** No ResourceManager could be reached that is active. */
export class YarnUnreachableError extends FlinkError {
  constructor(attempt: string, reasons: ReadonlyMap<string, string>) {
    const each = [...reasons].map(([address, why]) => `${address}: ${why}`).join('; ')
    super(
      `Could not ${attempt}: no ResourceManager of YARN answers (${each}); is YARN up, and is the address that of its web interface?`,
      { code: 'FLINK_YARN_UNREACHABLE', retriable: true },
    )
  }
}

/** The daemon wants Kerberos. */
export class KerberosUnsupportedError extends FlinkError {
  constructor(who: string) {
    super(
      `${who} wants Kerberos, which is not supported yet, because it needs GSSAPI, for which Node.js has no library without native code; use a cluster with simple authentication`,
      { code: 'FLINK_KERBEROS_UNSUPPORTED' },
    )
  }
}

/** The exception in the body of an answer; undefined if there is none. */
export function parseRemoteException(body: string): RemoteException | undefined {
  let parsed: { RemoteException?: { exception?: unknown; message?: unknown } | null } | null
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  const { exception, message } = parsed?.RemoteException ?? {}
  if (typeof exception !== 'string') return undefined
  // What follows the first line are frames of Java.
  const line = String(message ?? '').split('\n')[0]!
  return { exception, message: shortened(line.replace(/^(?:java\.lang\.Exception: )+/, '')) }
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 600 ? `${line.slice(0, 600)}…` : line
}
