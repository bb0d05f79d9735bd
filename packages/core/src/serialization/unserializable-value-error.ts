import { FlinkError } from '../errors/flink-error.js'

/** A record holds something that cannot travel. The message names where in the record. */
export class UnserializableValueError extends FlinkError {
  /** Where in the record, such as `record.items[2].callback`. */
  readonly path: string

  constructor(path: string, what: string, options: { cause?: unknown } = {}) {
    super(
      `Cannot serialize a record: ${path} is ${what}; what structured cloning takes can travel, and instances of classes with a registered serializer`,
      { code: 'FLINK_UNSERIALIZABLE_VALUE', cause: options.cause },
    )
    this.path = path
  }
}
