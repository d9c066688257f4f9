#!/usr/bin/env bash
# Reads partition folders with Apache Kafka's own log dump tool and says whether it finds anything
# wrong: every record decoded, both indexes compared with the log, producer snapshots read.
#
#   scripts/kafka-dump-log.sh FOLDER...          e.g. data/orders-0 (of a broker that is not running)
#   KAFKA_VERSION=3.9.1 scripts/kafka-dump-log.sh ...
#
# Needs Java 11 or newer and Maven, which fetches Kafka by its coordinates.
set -euo pipefail

version=${KAFKA_VERSION:-3.9.1}
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }
[ $# -gt 0 ] || { usage >&2; exit 2; }
case $1 in -h | --help) usage; exit 0 ;; esac
for needed in java mvn; do
  command -v "$needed" >/dev/null || { echo "$needed is not installed" >&2; exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>io.zoolog</groupId><artifactId>kafka-dump-log</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
mvn -q -B -f "$work/pom.xml" dependency:build-classpath -Dmdep.outputFile="$work/classpath" >"$work/mvn.log" 2>&1 ||
  { tail -20 "$work/mvn.log" >&2; exit 2; }

dump() { # output file, arguments; a stop of the tool is a complaint, too
  local output=$1; shift
  java -Xmx512m -cp "$(cat "$work/classpath")" kafka.tools.DumpLogSegments "$@" >"$output" 2>&1 ||
    echo "the dump tool failed" >>"$output"
  sed -i '/^SLF4J:/d' "$output"
}
complaint='mismatch|invalid bytes|out of order|not found|corrupt|exception|failed|should be|isvalid: false'
bad=0
for folder in "$@"; do
  for snapshot in "$folder"/*.snapshot; do
    [ -e "$snapshot" ] || continue
    dump "$work/snapshot" --files "$snapshot"
    entries=$(grep -c '^producerId:' "$work/snapshot" || true)
    complaints=$(grep -ciE "$complaint" "$work/snapshot" || true)
    echo "$snapshot: $entries entries, $complaints complaints"
    [ "$complaints" = 0 ] || { bad=1; head -5 "$work/snapshot" | cut -c1-200; }
  done
  for log in "$folder"/*.log; do
    stem=${log%.log}
    dump "$work/log" --deep-iteration --files "$log"
    dump "$work/index" --verify-index-only --files "$stem.index,$stem.timeindex"
    dump "$work/entries" --files "$stem.index,$stem.timeindex"
    dump "$work/sanity" --index-sanity-check --files "$stem.index,$stem.timeindex"
    batches=$(grep -c '^baseOffset:' "$work/log" || true)
    records=$(grep -c '^| offset:' "$work/log" || true)
    entries=$(grep -cE '^(offset|timestamp): ' "$work/entries" || true)
    passed=$(grep -c 'passed sanity check' "$work/sanity" || true)
    complaints=$(cat "$work/log" "$work/index" "$work/sanity" | grep -ciE "$complaint" || true)
    echo "$log: $batches batches, $records records, $entries index entries," \
      "sanity check passed by $passed of 2 indexes, $complaints complaints"
    if [ "$complaints" != 0 ] || [ "$passed" != 2 ]; then
      bad=1
      grep -hiE -A1 "$complaint" "$work/log" "$work/index" "$work/sanity" | cut -c1-200 | head -12
    fi
  done
done
[ "$bad" = 0 ] && echo "Kafka $version finds nothing wrong." || { echo "Kafka $version complains."; exit 1; }
