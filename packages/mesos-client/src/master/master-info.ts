import { JsonReader } from '../wire/json-reader.js'
import { isHost, type MasterAddress } from './mesos-master.js'

/** Masters' own nodes; what else is there (`log_replicas`) is none. */
const MASTER = /^json\.info_(\d+)$/

/** Name of the leader's node among those below the masters' path; undefined: nobody leads. */
export function leadingNode(children: readonly string[]): string | undefined {
  let leader: { readonly name: string; readonly sequence: bigint } | undefined
  for (const name of children) {
    const digits = MASTER.exec(name)?.[1]
    if (digits === undefined) continue
    const sequence = BigInt(digits)
    if (leader === undefined || sequence < leader.sequence) leader = { name, sequence }
  }
  return leader?.name
}

/**
 * Reads what a master says of itself in ZooKeeper.
 *
 * @throws MesosProtocolError
 */
export function parseMasterInfo(data: Uint8Array): MasterAddress {
  const reader = JsonReader.of(Buffer.from(data).toString(), 'The node of the master')
  const address = reader.object('address')
  const host = address.optionalString('hostname') ?? address.string('ip')
  const port = address.number('port')
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw address.wrong('port', 'no port')
  if (/[\s/@?#]/.test(host) || !isHost(host)) throw address.wrong('hostname', 'no host')
  return { host, port, scheme: undefined }
}
