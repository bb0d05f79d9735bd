/** What ZooKeeper knows about a node beside its data. */
export interface ZooKeeperStat {
  /** Transaction that created the node: higher than that of all nodes created before, in the whole ensemble. A safe integer. */
  readonly czxid: number
  /** Transaction that changed its data last; the same numbers as {@link czxid}, so that none comes twice. */
  readonly mzxid: number
  /** Counts changes of the data, from 0 at the creation. */
  readonly version: number
  /** Counts changes of the children. */
  readonly cversion: number
  readonly numChildren: number
  readonly dataLength: number
  /** Session in hexadecimal digits; undefined for a persistent node. */
  readonly ephemeralOwner: string | undefined
}
