"""kafka-python: see the README of this room."""

import threading
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from line_driver import BOOTSTRAP, decoded, encoded, portions, serve

BROKERS = BOOTSTRAP.split(",")
admin = KafkaAdminClient(bootstrap_servers=BROKERS)
producers = {}
members = {}


def open_producer(producer, codec, idempotent=False):
    producers[producer] = KafkaProducer(
        bootstrap_servers=BROKERS,
        acks="all",
        compression_type=None if codec == "none" else codec,
        enable_idempotence=idempotent,
        linger_ms=5,
    )


def send(producer, topic, partition, records, chunk=None, **_):
    own = producers[producer]
    for portion in portions(records, chunk):
        sent = [
            own.send(
                topic,
                key=encoded(record["key"]),
                value=encoded(record["value"]),
                partition=partition,
                headers=[(name, encoded(value)) for name, value in record["headers"].items()],
            )
            for record in portion
        ]
        own.flush(90)
        for future in sent:
            future.get(90)


def read(topic, partition, count, **args):
    consumer = KafkaConsumer(bootstrap_servers=BROKERS, enable_auto_commit=False)
    place = TopicPartition(topic, partition)
    consumer.assign([place])
    consumer.seek(place, args["from"])
    records = []
    deadline = time.monotonic() + 30
    while len(records) < count and time.monotonic() < deadline:
        for batch in consumer.poll(timeout_ms=200).values():
            records += [record_of(one) for one in batch]
    consumer.close()
    return records


class Member(threading.Thread):
    """A member of a group in a thread of its own."""

    def __init__(self, group, topic):
        super().__init__(daemon=True)
        self.group = group
        self.topic = topic
        self.records = []
        self.assigned = []
        self.is_leaving = False
        self.start()

    def run(self):
        consumer = KafkaConsumer(
            self.topic,
            bootstrap_servers=BROKERS,
            group_id=self.group,
            auto_offset_reset="earliest",
            auto_commit_interval_ms=200,
            session_timeout_ms=10000,
            heartbeat_interval_ms=300,
        )
        while not self.is_leaving:
            for batch in consumer.poll(timeout_ms=100).values():
                self.records += [record_of(one) for one in batch]
            self.assigned = [one.partition for one in consumer.assignment()]
        consumer.close()

    def taken(self):
        taken, self.records = self.records, []
        return {"assigned": self.assigned, "records": taken}


def join(member, group, topic):
    members[member] = Member(group, topic)


def leave(member):
    own = members.pop(member)
    own.is_leaving = True
    own.join(30)


def committed(group, topic, partitions):
    found = admin.list_group_offsets({group: None})[group]
    return [found[TopicPartition(topic, partition)].offset for partition in partitions]


def describe_topic(topic):
    (found,) = admin.describe_topics([topic])
    leaders = [(one["partition_index"], one["leader_id"]) for one in found["partitions"]]
    return {"partitions": [{"leader": leader} for _, leader in sorted(leaders)]}


def describe_config(topic, key):
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, {key: None})
    found = admin.describe_configs([resource], config_filter="all")
    (topics,) = found.values()
    value = topics[topic][key]
    return value["value"] if isinstance(value, dict) else value


def alter_config(topic, key, value):
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {key: value})])


def list_offsets(topic, partition, at):
    place = TopicPartition(topic, partition)
    return admin.list_partition_offsets({place: at})[place].offset


def describe_group(group):
    found = admin.describe_groups([group])[group]
    return {"state": found["group_state"], "members": len(found["members"])}


def nothing(_result):
    return None


def record_of(one):
    return {
        "partition": one.partition,
        "offset": one.offset,
        "key": decoded(one.key),
        "value": decoded(one.value),
        "headers": {name: decoded(value) for name, value in one.headers},
    }


serve(
    {
        "open-producer": open_producer,
        "send": send,
        "close-producer": lambda producer: producers.pop(producer).close(30),
        "read": read,
        "join": join,
        "poll": lambda member: members[member].taken(),
        "leave": leave,
        "committed": committed,
        "create-topic": lambda topic, partitions, **_: nothing(
            admin.create_topics({topic: {"num_partitions": partitions}})
        ),
        "describe-topic": describe_topic,
        "list-topics": lambda: list(admin.list_topics()),
        "delete-topic": lambda topic: nothing(admin.delete_topics([topic])),
        "add-partitions": lambda topic, count: nothing(admin.create_partitions({topic: count})),
        "describe-config": describe_config,
        "alter-config": alter_config,
        "delete-records": lambda topic, partition, before: nothing(
            admin.delete_records({TopicPartition(topic, partition): before})
        ),
        "list-offsets": list_offsets,
        "list-groups": lambda: [one["group_id"] for one in admin.list_groups()],
        "describe-group": describe_group,
        "delete-group": lambda group: nothing(admin.delete_groups([group])),
    }
)
