/**
 * The merged properties of Hadoop's XML files (`core-site.xml`, `hdfs-site.xml`, `yarn-site.xml`), with `${name}` expanded. Values that
 * nobody set come from the defaults that Hadoop documents, where this package knows them.
 */
export interface HadoopConfiguration {
  /** The value, or Hadoop's default where it is known here; undefined if there is neither. */
  get(name: string): string | undefined
  /** Whether a file or an override has it, whatever the defaults say. */
  has(name: string): boolean
  /** The folders that were read, in order; empty: none. */
  readonly folders: readonly string[]
}
