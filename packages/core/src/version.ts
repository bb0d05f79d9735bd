/** Version of this release; all packages have the same. */
export const FLINK_TS_VERSION = '0.1.0'
