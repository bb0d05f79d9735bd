import type { BlockCache } from './block-cache.js'
import type { NewTable, TableMaker } from './new-tables.js'
import { Table } from './table.js'
import type { TableFiles } from './table-files.js'
import { TableWriter } from './table-writer.js'

/** Makes the tables of one store, whose blocks share a cache: new ones in files that it numbers, or over files that are there. */
export class TableFactory implements TableMaker {
  readonly #files: TableFiles
  readonly #cache: BlockCache
  #nextNumber = 1

  constructor(files: TableFiles, cache: BlockCache) {
    this.#files = files
    this.#cache = cache
  }

  create(): NewTable {
    const name = `${String(this.#nextNumber++).padStart(6, '0')}.tbl`
    const file = this.#files.create(name)
    const writer = new TableWriter(file)
    return {
      writer,
      finish: () => this.open(name, writer.finish()),
      abort: () => {
        file.close()
        this.#files.delete(name)
      },
    }
  }

  /** A table over a file that is there. */
  open(name: string, summary: Table['summary']): Table {
    return new Table(name, summary, this.#files, this.#cache)
  }
}
