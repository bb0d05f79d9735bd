package bench;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/** Submits so many jobs of one task each, which run until they are cancelled and take hardly any CPU. */
public class ManyJobs {
  public static void main(String[] args) throws Exception {
    int jobs = Integer.parseInt(args[0]);
    for (int i = 0; i < jobs; i++) {
      StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
      env.setParallelism(1);
      env.fromSequence(1, Long.MAX_VALUE - 1)
          .filter(
              number -> {
                Thread.sleep(20);
                return false;
              })
          .sinkTo(new DiscardingSink<>());
      env.executeAsync("job " + i);
    }
  }
}
