/** Address of one master. */
export interface MasterAddress {
  /** Name or address; that of IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Undefined: by TLS if there are settings for it. */
  readonly scheme: 'http' | 'https' | undefined
}

/** What `mesos.master` says. */
export type MesosMaster =
  /** Any of them, which may redirect to the leader. */
  | { readonly kind: 'addresses'; readonly addresses: readonly MasterAddress[] }
  | {
      readonly kind: 'zookeeper'
      /** `host:port,host:port` */
      readonly connectString: string
      /** Of the masters' nodes. */
      readonly path: string
      /** `user:password`, for scheme digest. */
      readonly authorization: string | undefined
    }
  /** A file that has one of the others. */
  | { readonly kind: 'file'; readonly path: string }
