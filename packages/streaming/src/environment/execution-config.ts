import {
  type ClassSerializer,
  type Configuration,
  PipelineOptions,
  SerializerRegistry,
} from '@flink-ts/core'
import { InvalidProgramError } from '../functions/errors.js'

/** What a program sets for all its operators. */
export class ExecutionConfig {
  /** @internal */
  readonly serializers = new SerializerRegistry()
  readonly #configuration: Configuration

  /** @internal */
  constructor(configuration: Configuration) {
    this.#configuration = configuration
  }

  /**
   * Operators of one task hand each other the records themselves, not copies: faster, but nobody may change or keep what
   * it has emitted or taken. Flink's `pipeline.object-reuse`; default off.
   */
  enableObjectReuse(): this {
    this.#configuration.set(PipelineOptions.OBJECT_REUSE, true)
    return this
  }

  /** Operators of one task hand each other copies. */
  disableObjectReuse(): this {
    this.#configuration.set(PipelineOptions.OBJECT_REUSE, false)
    return this
  }

  /**
   * Lets instances of a class travel between tasks, also within other values. Part of the program: every task that runs
   * it has the same classes. Not for records of a stream with a declared type (`returns`).
   *
   * @throws InvalidProgramError if the class or the serializer's name has been registered before
   */
  registerTypeWithSerializer<T extends object>(
    type: abstract new (...args: never[]) => T,
    serializer: ClassSerializer<T>,
  ): this {
    const { name } = serializer
    if (this.serializers.forName(name) !== undefined) {
      throw new InvalidProgramError(
        `Cannot register a serializer for class ${type.name}: there is one of the name '${name}' already; names tell classes apart where they are read`,
      )
    }
    if (this.serializers.forClass(type) !== undefined) {
      throw new InvalidProgramError(
        `Cannot register serializer '${name}': class ${type.name} has serializer '${this.serializers.forClass(type)?.name}' already`,
      )
    }
    this.serializers.registerSerializer(type, serializer)
    return this
  }
}
