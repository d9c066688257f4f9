import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's Java client in the chaos run: lines as in driver-line.ts, told to its standard input. */
public class Chaos {
  static final int REQUEST_MS_MAX = 10_000;
  static final int WHY_CHARACTERS_MAX = 200;
  static final ObjectMapper JSON = new ObjectMapper();
  static final Map<Integer, Writer> writers = new ConcurrentHashMap<>();
  static final Map<Integer, Reader> readers = new ConcurrentHashMap<>();
  static PrintStream out;
  static JsonNode plan;
  static String topic;

  public static void main(String[] args) throws Exception {
    out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    plan = JSON.readTree(System.getenv("CHAOS_PLAN"));
    topic = plan.get("topic").asText();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      take(JSON.readTree(line));
    }
    Runtime.getRuntime().halt(0);
  }

  static void take(JsonNode call) {
    int id = call.get(1).asInt();
    switch (call.get(0).asText()) {
      case "open": writers.put(id, new Writer(id)); return;
      case "send":
      case "close":
        Writer writer = writers.get(id);
        if (writer != null) writer.calls.add(call);
        return;
      case "read": readers.put(id, new Reader(id, null, null)); return;
      case "join":
        readers.put(id, new Reader(id, call.get(2).asText(), call.get(3).asText()));
        return;
      case "leave": readers.get(id).leave(); return;
      default: throw new IllegalArgumentException("no such call: " + call);
    }
  }

  static void say(Object... event) {
    try {
      String line = JSON.writeValueAsString(event);
      synchronized (out) {
        out.println(line);
      }
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  /** Without numbers, so that equal reasons can be counted. */
  static String whyOf(Throwable error) {
    String why = String.valueOf(error).replaceAll("\\d{2,}", "…");
    return why.substring(0, Math.min(why.length(), WHY_CHARACTERS_MAX));
  }

  /** A producer in a thread of its own: a send may wait for metadata or memory. */
  static class Writer extends Thread {
    final BlockingQueue<JsonNode> calls = new LinkedBlockingQueue<>();
    private final int id;
    private volatile boolean isOver = false;

    Writer(int id) {
      this.id = id;
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      KafkaProducer<String, String> producer = open();
      try {
        while (!isOver) {
          JsonNode call = calls.take();
          if (call.get(0).asText().equals("close")) {
            producer.close();
            if (!isOver) say("closed", id);
            return;
          }
          send(producer, call);
        }
      } catch (Exception error) {
        giveUp(error);
      } finally {
        writers.remove(id);
        producer.close(Duration.ZERO);
      }
    }

    private KafkaProducer<String, String> open() {
      Map<String, Object> options = new HashMap<>();
      options.put("bootstrap.servers", plan.get("bootstrap").asText());
      options.put("acks", "all");
      options.put("enable.idempotence", true);
      options.put("linger.ms", 5);
      options.put("request.timeout.ms", REQUEST_MS_MAX);
      options.put("delivery.timeout.ms", plan.get("deliveryTimeoutMs").asInt());
      options.put("max.block.ms", plan.get("deliveryTimeoutMs").asInt());
      return new KafkaProducer<>(options, new StringSerializer(), new StringSerializer());
    }

    private void send(KafkaProducer<String, String> producer, JsonNode call) {
      int order = call.get(2).asInt();
      ProducerRecord<String, String> record =
          new ProducerRecord<>(
              topic, call.get(3).asInt(), call.get(4).asText(), call.get(5).asText());
      producer.send(record, (metadata, error) -> settled(order, metadata, error));
    }

    private void settled(int order, RecordMetadata metadata, Exception error) {
      if (error == null) say("ok", id, order, metadata.offset());
      else say(isNotSent(error) ? "fail" : "info", id, order, whyOf(error));
      // A retriable one is said here when its time is over; the producer itself goes on.
      if (error != null && !(error instanceof RetriableException)) giveUp(error);
    }

    private boolean isNotSent(Exception error) {
      return error instanceof SerializationException
          || error instanceof RecordTooLargeException
          || error instanceof BufferExhaustedException;
    }

    private synchronized void giveUp(Exception error) {
      if (isOver) return;
      isOver = true;
      say("fatal", id, whyOf(error));
      interrupt();
    }
  }

  /** A consumer in a thread of its own: of all partitions, or as a member of a group. */
  static class Reader extends Thread implements ConsumerRebalanceListener {
    private final int id;
    private final String group;
    private final String protocol;
    /** Of a reader by itself: where it goes on when it has begun anew. */
    private final Map<TopicPartition, Long> next = new LinkedHashMap<>();
    private KafkaConsumer<String, String> consumer;
    private int position = 0;
    private volatile boolean isLeaving = false;

    Reader(int id, String group, String protocol) {
      this.id = id;
      this.group = group;
      this.protocol = protocol;
      for (int partition = 0; partition < plan.get("partitions").asInt(); partition++) {
        next.put(new TopicPartition(topic, partition), 0L);
      }
      setDaemon(true);
      start();
    }

    void leave() {
      isLeaving = true;
    }

    @Override
    public void run() {
      while (!isLeaving) {
        position++;
        try {
          open();
          while (!isLeaving) tell(consumer.poll(Duration.ofMillis(100)));
        } catch (Exception error) {
          say("error", id, whyOf(error));
        } finally {
          close();
        }
      }
      say("left", id);
    }

    private void open() {
      Map<String, Object> options = new HashMap<>();
      options.put("bootstrap.servers", plan.get("bootstrap").asText());
      options.put("auto.offset.reset", "earliest");
      options.put("request.timeout.ms", REQUEST_MS_MAX);
      options.put("enable.auto.commit", group != null);
      if (group != null) {
        options.put("group.id", group);
        options.put("group.protocol", protocol);
        options.put("auto.commit.interval.ms", 1_000);
        // In the other protocol the coordinator says both.
        if (protocol.equals("classic")) {
          options.put("session.timeout.ms", 10_000);
          options.put("heartbeat.interval.ms", 1_000);
        }
      }
      consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
      if (group != null) {
        consumer.subscribe(List.of(topic), this);
        return;
      }
      consumer.assign(next.keySet());
      next.forEach(consumer::seek);
    }

    private void tell(ConsumerRecords<String, String> polled) {
      for (TopicPartition partition : polled.partitions()) {
        List<Object> records = new ArrayList<>();
        for (ConsumerRecord<String, String> record : polled.records(partition)) {
          records.add(new Object[] {record.offset(), record.key(), record.value()});
          next.put(partition, record.offset() + 1);
        }
        say("seen", id, position, partition.partition(), records);
      }
    }

    private void close() {
      try {
        if (consumer != null) consumer.close(CloseOptions.timeout(Duration.ofSeconds(5)));
      } catch (Exception error) {
        say("error", id, whyOf(error));
      }
      consumer = null;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      position++;
    }
  }
}
