import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.BaseRecords;
import org.apache.kafka.common.record.MemoryRecords;

/**
 * Reads lines "KEY FIRST LAST" and prints each message of that call in each version as Kafka's own
 * classes write it: "KEY VERSION request|response filled|bare|empty HEX", without the frame's length.
 * The values follow from the names of fields: sample-messages.fixture.ts has the same rule.
 */
public final class GoldenMessages {
  private static final int CORRELATION_ID = 7;
  private static final List<String> FORMS = List.of("filled", "bare", "empty");

  private final String form;

  private GoldenMessages(String form) {
    this.form = form;
  }

  public static void main(String[] args) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in)).lines().toList();
    for (String line : lines) {
      String[] words = line.split(" ");
      ApiMessageType call = ApiMessageType.fromApiKey(Short.parseShort(words[0]));
      for (short v = Short.parseShort(words[1]); v <= Short.parseShort(words[2]); v++) {
        for (String form : FORMS) {
          var golden = new GoldenMessages(form);
          print(call, v, "request " + form, golden.request(call, v));
          print(call, v, "response " + form, golden.response(call, v));
        }
      }
    }
  }

  private static void print(ApiMessageType call, short version, String what, byte[] bytes) {
    String hex = HexFormat.of().formatHex(bytes);
    System.out.printf("%d %d %s %s%n", call.apiKey(), version, what, hex);
  }

  private byte[] request(ApiMessageType call, short version) throws Exception {
    var header =
        new RequestHeaderData()
            .setRequestApiKey(call.apiKey())
            .setRequestApiVersion(version)
            .setCorrelationId(CORRELATION_ID)
            .setClientId(form.equals("filled") ? "golden" : null);
    Message body = filled(call.newRequest(), call.requestSchemas()[version], 0);
    return bytesOf(header, call.requestHeaderVersion(version), body, version);
  }

  private byte[] response(ApiMessageType call, short version) throws Exception {
    var header = new ResponseHeaderData().setCorrelationId(CORRELATION_ID);
    Message body = filled(call.newResponse(), call.responseSchemas()[version], 0);
    return bytesOf(header, call.responseHeaderVersion(version), body, version);
  }

  private static byte[] bytesOf(Message header, short headerVersion, Message body, short version) {
    var cache = new ObjectSerializationCache();
    int size = header.size(cache, headerVersion) + body.size(cache, version);
    ByteBuffer buffer = ByteBuffer.allocate(size);
    header.write(new ByteBufferAccessor(buffer), cache, headerVersion);
    body.write(new ByteBufferAccessor(buffer), cache, version);
    return buffer.array();
  }

  /** Sets what the version has. */
  private <T> T filled(T message, Schema schema, int salt) throws Exception {
    for (BoundField bound : schema.fields()) {
      if (bound.def.type instanceof TaggedFields tagged) {
        if (form.equals("filled")) setTagged(message, tagged, salt);
      } else {
        set(message, bound.def, salt);
      }
    }
    return message;
  }

  @SuppressWarnings("unchecked")
  private void setTagged(Object message, TaggedFields tagged, int salt) throws Exception {
    java.lang.reflect.Field fields = TaggedFields.class.getDeclaredField("fields");
    fields.setAccessible(true);
    for (Field def : ((java.util.Map<Integer, Field>) fields.get(tagged)).values()) {
      set(message, def, salt);
    }
  }

  private void set(Object message, Field def, int salt) throws Exception {
    String name = camelCase(def.name);
    Method setter = null;
    for (Method method : message.getClass().getMethods()) {
      if (method.getName().equalsIgnoreCase("set" + name)) setter = method;
    }
    if (setter == null) throw new IllegalStateException(message.getClass() + " has no " + name);
    Type type = setter.getGenericParameterTypes()[0];
    Object byDefault = message.getClass().getMethod(name).invoke(message);
    boolean isStruct = def.type instanceof Schema;
    boolean isNullable = isStruct ? byDefault == null : def.type.isNullable();
    setter.invoke(message, value(def, type, isNullable, salt));
  }

  private Object value(Field def, Type type, boolean isNullable, int salt) throws Exception {
    Class<?> raw = rawClass(type);
    var elements = def.type.arrayElementType();
    if (elements.isPresent()) {
      if (form.equals("empty") && isNullable) return null;
      Type elementType = elementTypeOf(type);
      List<Object> list = new ArrayList<>();
      for (int i = 0; i < (form.equals("filled") ? 2 : form.equals("bare") ? 1 : 0); i++) {
        Field element = new Field(def.name, elements.get());
        list.add(value(element, elementType, elements.get().isNullable(), salt + i));
      }
      return raw == List.class ? list : collectionOf(raw, list);
    }
    if (!form.equals("filled") && isNullable) return null;
    if (def.type instanceof Schema schema) {
      return filled(raw.getDeclaredConstructor().newInstance(), schema, salt);
    }
    return form.equals("filled") ? filledScalar(def.name, raw, salt) : emptyScalar(raw);
  }

  @SuppressWarnings("unchecked")
  private static Object collectionOf(Class<?> raw, List<Object> list) throws Exception {
    var collection = (Collection<Object>) raw.getDeclaredConstructor().newInstance();
    collection.addAll(list);
    return collection;
  }

  private static Class<?> rawClass(Type type) {
    return type instanceof ParameterizedType of ? (Class<?>) of.getRawType() : (Class<?>) type;
  }

  /** Of a list, or of a collection class of its own, whose superclass names it. */
  private static Type elementTypeOf(Type type) {
    Type of = type instanceof ParameterizedType ? type : rawClass(type).getGenericSuperclass();
    return ((ParameterizedType) of).getActualTypeArguments()[0];
  }

  private static Object filledScalar(String name, Class<?> type, int salt) {
    long number = (hash(name) + salt) & 0x7fffffff;
    byte[] text = (salt == 0 ? name : name + salt).getBytes(StandardCharsets.UTF_8);
    if (type == boolean.class) return true;
    if (type == byte.class) return (byte) (1 + number % 100);
    if (type == short.class) {
      return (short) (1 + number % (name.endsWith("error_code") ? 100 : 30_000));
    }
    if (type == int.class || type == Integer.class) return (int) (1 + number % 2_000_000_000L);
    if (type == long.class || type == Long.class) return number * 1_000_003L;
    if (type == Uuid.class) return new Uuid(number * 1_000_003L, number);
    return textual(type, text);
  }

  /** −1 is what stands for none in most numbers. */
  private static Object emptyScalar(Class<?> type) {
    if (type == boolean.class) return false;
    if (type == byte.class) return (byte) -1;
    if (type == short.class) return (short) -1;
    if (type == int.class || type == Integer.class) return -1;
    if (type == long.class || type == Long.class) return -1L;
    if (type == Uuid.class) return Uuid.ZERO_UUID;
    return textual(type, new byte[0]);
  }

  private static Object textual(Class<?> type, byte[] text) {
    if (type == String.class) return new String(text, StandardCharsets.UTF_8);
    if (type == byte[].class) return text;
    if (type == ByteBuffer.class) return ByteBuffer.wrap(text);
    if (BaseRecords.class.isAssignableFrom(type)) {
      return MemoryRecords.readableRecords(ByteBuffer.wrap(text));
    }
    throw new IllegalStateException("what is a " + type + "?");
  }

  private static int hash(String name) {
    int value = 7;
    for (char letter : name.toCharArray()) value = (value * 31 + letter) & 0x7fffffff;
    return value;
  }

  private static String camelCase(String name) {
    var text = new StringBuilder();
    for (String word : name.split("_")) {
      text.append(text.isEmpty() ? word.charAt(0) : Character.toUpperCase(word.charAt(0)));
      text.append(word.substring(1));
    }
    return text.toString();
  }
}
