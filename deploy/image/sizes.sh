#!/usr/bin/env bash
# deploy/image/sizes.sh IMAGE [ENGINE]              podman, or docker
#
# Prints the size of each part of the image, as it is on the disk and as it is pulled, in kB.
set -euo pipefail
image=$1
engine=${2:-podman}

directory=$(mktemp -d)
container=$("$engine" create "$image")
trap '"$engine" rm "$container" > /dev/null; rm -rf "$directory"' EXIT
"$engine" export "$container" | tar -x -C "$directory" --exclude='dev/*' --exclude='proc/*' --exclude='sys/*'
cd "$directory"

row() {
  local name=$1 files
  shift
  files=$(find "$@" ! -type d)
  printf '| %s | %s | %s |\n' "$name" \
    "$(xargs stat --format %s <<< "$files" | awk '{ sum += $1 } END { printf "%.0f", sum / 1000 }')" \
    "$(tar -c -T - <<< "$files" | gzip | wc -c | awk '{ printf "%.0f", $1 / 1000 }')"
}
echo '| part | kB | gzip |'
echo '|---|---|---|'
row 'C library' usr/lib/*/{ld-linux,libc.so,libm.so,libdl,libpthread,libresolv,libnss}*
row "Node's libraries" usr/lib/*/{libstdc++,libgcc_s,libatomic}*
row git usr/bin/git* usr/lib/git-core
row 'ssh' usr/bin/ssh
row "libraries of git and ssh" usr/lib/*/*.so* ! -name 'ld-linux*' ! -regex '.*/lib\(c\|m\|dl\|pthread\|resolv\|nss_[a-z]*\|stdc++\|gcc_s\|atomic\)\.so.*'
row 'CA certificates' etc/ssl
row tini usr/bin/tini
row 'shell and commands' usr/bin ! -name 'git*' ! -name ssh ! -name tini
row "terms, and the records of Debian's packages" usr/share var/lib/dpkg
row Node usr/local/bin/node usr/local/share
row Wherry opt/wherry
row all .
