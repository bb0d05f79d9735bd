package bench;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The counterpart of bench/programs/batch-aggregation.ts: the same arguments, the same elements. */
public class BatchAggregation {
  private static final long STEP = 7_368_787L;

  public static void main(String[] words) throws Exception {
    Map<String, String> args = new HashMap<>();
    for (int i = 0; i + 1 < words.length; i += 2) args.put(words[i].substring(2), words[i + 1]);

    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.setParallelism(Integer.parseInt(args.get("parallelism")));
    env.setRuntimeMode(RuntimeExecutionMode.BATCH);
    env.fromSequence(0, Long.parseLong(args.get("elements")) - 1)
        .map(new Elements(Long.parseLong(args.get("keys")))).name("elements")
        .keyBy(pair -> pair.f0)
        .sum(1).name("sum")
        .map(new WordCount.CountInto(args.get("counts"))).name("count")
        .sinkTo(new org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink<>()).name("discard");
    env.execute("batch aggregation");
  }

  private static final class Elements implements MapFunction<Long, Tuple2<String, Long>> {
    private final long keys;

    Elements(long keys) {
      this.keys = keys;
    }

    @Override
    public Tuple2<String, Long> map(Long index) {
      return Tuple2.of("key " + index * STEP % keys, 1L);
    }
  }
}
