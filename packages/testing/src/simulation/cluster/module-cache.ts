import type { JobGraph, ModuleLoader } from '@flink-ts/runtime'

/**
 * Modules of the cluster that were imported before the simulation needed them: an import is real I/O,
 * which would end at any moment of virtual time.
 */
export class ModuleCache {
  readonly #modules = new Map<string, Readonly<Record<string, unknown>>>()

  /** Answers from the cache only. */
  readonly load: ModuleLoader = async (module) => {
    const exports = this.#modules.get(module)
    if (exports === undefined) throw new Error(`Module ${module} was not imported beforehand`)
    return exports
  }

  /** Imports what the JobManager and the tasks of this job will ask for. */
  async prepare(jobGraph: JobGraph): Promise<void> {
    const { edges, vertices } = jobGraph
    const references = [
      ...vertices.flatMap(({ operators }) =>
        operators.flatMap(({ code, coordinator, initializeOnMaster }) => [
          code.kind === 'module' ? code : undefined,
          coordinator,
          initializeOnMaster,
        ]),
      ),
      ...edges.map(({ partitionerCode }) =>
        partitionerCode?.kind === 'module' ? partitionerCode : undefined,
      ),
    ]
    for (const reference of references) {
      if (reference === undefined || this.#modules.has(reference.module)) continue
      this.#modules.set(
        reference.module,
        (await import(reference.module)) as Readonly<Record<string, unknown>>,
      )
    }
  }
}
