/** The outcome of `work`, told in a turn of `execute`. */
export function handOver<T>(work: Promise<T>, execute: (action: () => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(
      (value) => execute(() => resolve(value)),
      (error) => execute(() => reject(error)),
    )
  })
}
