/** Which blobs which jobs need; a blob may serve several jobs. */
export class JobReferences {
  readonly #keysOfJob = new Map<string, Set<string>>()
  readonly #jobsOfKey = new Map<string, Set<string>>()

  /** Idempotent. */
  add(jobId: string, key: string): void {
    getOrAdd(this.#keysOfJob, jobId).add(key)
    getOrAdd(this.#jobsOfKey, key).add(jobId)
  }

  isReferenced(key: string): boolean {
    return this.#jobsOfKey.has(key)
  }

  /** @returns the keys that no job needs any more */
  releaseJob(jobId: string): string[] {
    const unused: string[] = []
    for (const key of this.#keysOfJob.get(jobId) ?? []) {
      const jobs = this.#jobsOfKey.get(key)!
      jobs.delete(jobId)
      if (jobs.size > 0) continue
      this.#jobsOfKey.delete(key)
      unused.push(key)
    }
    this.#keysOfJob.delete(jobId)
    return unused
  }
}

function getOrAdd(map: Map<string, Set<string>>, key: string): Set<string> {
  const values = map.get(key) ?? new Set<string>()
  map.set(key, values)
  return values
}
