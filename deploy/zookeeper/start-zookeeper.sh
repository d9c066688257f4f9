#!/bin/bash
# Writes zoo.cfg from the variables of the official image, then becomes the server.
set -euo pipefail

config=/data/zoo.cfg
{
  echo "dataDir=/data"
  echo "tickTime=${ZOO_TICK_TIME:-2000}"
  echo "initLimit=${ZOO_INIT_LIMIT:-5}"
  echo "syncLimit=${ZOO_SYNC_LIMIT:-2}"
  echo "maxClientCnxns=${ZOO_MAX_CLIENT_CNXNS:-60}"
  echo "admin.enableServer=${ZOO_ADMINSERVER_ENABLED:-true}"
  echo "4lw.commands.whitelist=${ZOO_4LW_COMMANDS_WHITELIST:-srvr}"
  tr ' ' '\n' <<< "${ZOO_SERVERS:-clientPort=2181}"
  tr ' ' '\n' <<< "${ZOO_CFG_EXTRA:-}"
} > "$config"
echo "${ZOO_MY_ID:-1}" > /data/myid

# Its manifest names the other jars it needs; the second one makes it log to where one looks.
jars=/usr/share/java
exec java ${ZOO_HEAP:+-Xmx$ZOO_HEAP} -cp "$jars/zookeeper.jar:$jars/slf4j-simple.jar" \
  org.apache.zookeeper.server.quorum.QuorumPeerMain "$config"
