import type { JuteStat } from 'node-zookeeper-client/lib/jute/index.js'
import type { ZooKeeperStat } from './zookeeper-stat.js'

/** Reads what the library has of a node. @throws RangeError if a transaction id is no safe integer: after two million elections of an ensemble */
export function toStat(stat: JuteStat): ZooKeeperStat {
  const owner = toHex(stat.ephemeralOwner)
  return {
    czxid: toTransactionId(stat.czxid),
    mzxid: toTransactionId(stat.mzxid),
    version: stat.version,
    cversion: stat.cversion,
    numChildren: stat.numChildren,
    dataLength: stat.dataLength,
    ephemeralOwner: owner === '0' ? undefined : owner,
  }
}

/** Eight bytes in hexadecimal digits without zeros before them, as ZooKeeper writes the ids of sessions. */
export function toHex(bytes: Buffer): string {
  return bytes.readBigUInt64BE().toString(16)
}

function toTransactionId(bytes: Buffer): number {
  const id = Number(bytes.readBigInt64BE())
  if (!Number.isSafeInteger(id)) {
    throw new RangeError(`The transaction id 0x${bytes.toString('hex')} is no safe integer`)
  }
  return id
}
