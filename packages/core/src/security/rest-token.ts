import type { ClusterSecret } from './cluster-secret.js'

/** What a token proves; another purpose has another. */
const PURPOSE = Buffer.from('flink-ts rest v1')

/**
 * What REST requests show to prove that their sender knows the secret of the cluster, from which nobody finds the secret
 * itself: 64 hexadecimal digits, as `Authorization: Bearer <token>` or as the password of Basic with any user name.
 * Whoever has it may do everything by REST.
 */
export function restToken(secret: ClusterSecret): string {
  return secret.prove([PURPOSE]).toString('hex')
}
