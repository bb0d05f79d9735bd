package bench;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/** The counterpart of bench/programs/word-count.ts: the same arguments, the same lines. */
public class WordCount {
  private static final int DIFFERENT = 100_000;

  public static void main(String[] words) throws Exception {
    Map<String, String> args = new HashMap<>();
    for (int i = 0; i + 1 < words.length; i += 2) args.put(words[i].substring(2), words[i + 1]);

    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.setParallelism(Integer.parseInt(args.get("parallelism")));
    boolean batch = "batch".equals(args.get("mode"));
    env.setRuntimeMode(batch ? RuntimeExecutionMode.BATCH : RuntimeExecutionMode.STREAMING);
    env.fromSequence(0, Long.parseLong(args.get("lines")) - 1)
        .map(new Lines()).name("lines")
        .flatMap(new Split()).name("split")
        .keyBy(pair -> pair.f0)
        .sum(1).name("sum")
        .map(new CountInto(args.get("counts"))).name("count")
        .sinkTo(new org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink<>()).name("discard");
    env.execute("word count");
  }

  private static final class Lines extends RichMapFunction<Long, String> {
    private transient String[] table;

    @Override
    public void open(OpenContext context) {
      table = ZipfLines.make(DIFFERENT);
    }

    @Override
    public String map(Long index) {
      return table[(int) (index % DIFFERENT)];
    }
  }

  private static final class Split implements FlatMapFunction<String, Tuple2<String, Long>> {
    @Override
    public void flatMap(String line, Collector<Tuple2<String, Long>> out) {
      int from = 0;
      for (int to = line.indexOf(' '); to >= 0; to = line.indexOf(' ', from)) {
        out.collect(Tuple2.of(line.substring(from, to), 1L));
        from = to + 1;
      }
      out.collect(Tuple2.of(line.substring(from), 1L));
    }
  }

  /** Each subtask leaves the number of its records in a file. */
  static final class CountInto extends RichMapFunction<Tuple2<String, Long>, Long> {
    private final String folder;
    private long records;

    CountInto(String folder) {
      this.folder = folder;
    }

    @Override
    public Long map(Tuple2<String, Long> pair) {
      records++;
      return pair.f1;
    }

    @Override
    public void close() throws Exception {
      int subtask = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
      java.nio.file.Files.writeString(
          java.nio.file.Path.of(folder, Integer.toString(subtask)), Long.toString(records));
    }
  }
}
