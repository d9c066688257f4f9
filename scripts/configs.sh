#!/bin/sh
# Kafka's kafka-configs.sh, as a call of zoolog: packages/cli/src/kafka-scripts has the mapping.
here=$(dirname "$(readlink -f "$0")")
exec node "$here/../packages/cli/bin/zoolog.js" kafka-script configs "$@"
