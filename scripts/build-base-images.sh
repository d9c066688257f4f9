#!/usr/bin/env bash
# scripts/build-base-images.sh: builds, on Debian and as root, the images that ours stand on, for
# machines that cannot pull any:
#   zoolog/node-base:local       Debian with this machine's Node.js and npm, for deploy/docker
#   zoolog/zookeeper-base:local  Apache ZooKeeper from Debian, takes the variables of the official image
# They are for this machine, not for publishing. Packages come from the
# Debian mirror in MIRROR (default: the one that this machine installs from).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
  # The comment above is the help; whatever else is asked for is not understood.
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' scripts/build-base-images.sh
  case $1 in -h | --help) exit 0 ;; *) exit 2 ;; esac
fi

suite=bookworm
mirror=${MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' | sed -n "s/^$suite //p" | head -n 1)}
for command in debootstrap docker node npm; do
  command -v "$command" > /dev/null || { echo "$command is missing: apt-get install debootstrap docker.io" >&2; exit 1; }
done

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

echo "debootstrap $suite …"
debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$suite" "$root" "$mirror" > "$root.log" 2>&1 \
  || { tail -5 "$root.log" >&2; exit 1; }
rm -rf "$root.log" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
  "$root"/usr/share/{doc,man,locale,info}/*

docker import - zoolog/debian-base:local < <(tar -C "$root" -c .) > /dev/null
install -m 755 "$(node -p process.execPath)" "$root/usr/local/bin/node"
npm_folder=$(npm root --global)/npm
mkdir -p "$root/usr/local/lib/node_modules"
cp -r "$npm_folder" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
# Behind a proxy that has a certificate of its own, npm must trust it in the image as it does here.
certificates=/etc/ssl/certs/ca-certificates.crt
[ ! -f "$certificates" ] || install -m 644 "$certificates" "$root$certificates"
# What this machine's Node.js links to must be in the image, in a version that fits.
chroot "$root" /usr/local/bin/node --version > /dev/null
docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change "ENV NODE_EXTRA_CA_CERTS=$certificates" - zoolog/node-base:local < <(tar -C "$root" -c .) > /dev/null
docker build --quiet --network host --build-arg BASE_IMAGE=zoolog/debian-base:local \
  --tag zoolog/zookeeper-base:local deploy/zookeeper > /dev/null
docker image ls --filter 'reference=zoolog/*-base:local'
