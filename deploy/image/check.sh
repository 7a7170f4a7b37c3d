#!/usr/bin/env bash
# deploy/image/check.sh [ENGINE]                    podman, or docker
#
# Builds the image twice without a cache, compares the layers, and runs it as a cluster does: read-only, without
# capabilities, as its own user and as one that nothing knows. Run it as root; it leaves wherry:check behind.
set -euo pipefail
cd "$(dirname "$0")/../.."
engine=${1:-podman}
image=localhost/wherry:check

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
layers() { "$engine" image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "$image"; }
build() {
  "$engine" build --no-cache --tag "$image" . > "$volume/log" 2>&1 || fail "$(tail -n 30 "$volume/log")"
}

volume=$(mktemp -d)
container=wherry-check-$$
trap '"$engine" rm --force "$container" > /dev/null 2>&1 || true; rm -rf "$volume"' EXIT
chmod 0777 "$volume"

build
first=$(layers)
build
[ "$(layers)" = "$first" ] || fail $'the second build has other layers:\n'"$first"$'\n'"$(layers)"
[ "$(wc -l <<< "$first")" -eq 3 ] || fail $'these should be three layers:\n'"$first"
echo 'ok   two builds have the same three layers'

hardened=(--read-only --cap-drop ALL --security-opt no-new-privileges --network none)
inside() { "$engine" run --rm "${hardened[@]}" --entrypoint /bin/sh "$image" -c "$1"; }

inside '! command -v npm && ! command -v perl && ! command -v apt-get && ! command -v dpkg && ! command -v cc' ||
  fail 'a program is in the image that nothing needs'
echo 'ok   no package manager, Perl or compiler'
inside 'test -s /opt/wherry/sbom.cdx.json && test -s /var/lib/dpkg/status.d/git' || fail 'the bill of materials is missing'
echo 'ok   it says what it is made of'

inside 'node -e "for (const cert of tls.rootCertificates) if (!tls.createSecureContext({cert}).context.getIssuer()) throw cert"' ||
  fail 'Node does not find a root certificate of its own'
echo 'ok   Node finds each of its root certificates'

for user in 65532:65532 1000660000:0; do
  "$engine" run --rm "${hardened[@]}" --user "$user" --tmpfs /tmp "$image" demo --once > "$volume/log" 2>&1 ||
    fail "the demo, as $user: $(tail -n 20 "$volume/log")"
  echo "ok   the demo, which has git over HTTP and S3, as $user"
  said=$("$engine" run --rm "${hardened[@]}" --user "$user" --entrypoint ssh "$image" -o BatchMode=yes 127.0.0.1 2>&1 || true)
  grep -q 'Connection refused' <<< "$said" || fail "ssh, as $user: $said"
  echo "ok   ssh starts, as $user"

  rm -rf "${volume:?}"/*
  mkdir "$volume/source"
  printf 'a: 1\n' > "$volume/source/app.yaml"
  # shellcheck disable=SC2016
  "$engine" run --detach --name "$container" "${hardened[@]}" --user "$user" --volume "$volume:/config" \
    --env WHERRY_SOURCE=dir --env WHERRY_DIR_PATH=/config/source --env WHERRY_TARGET=/config/target \
    --env WHERRY_VALIDATE_EXEC='grep -q "a: 1" "$WHERRY_STAGED/app.yaml"' \
    --env WHERRY_RELOAD_EXEC='touch /config/reloaded' "$image" > /dev/null
  for _ in {1..100}; do
    "$engine" exec "$container" wherry healthcheck readyz > /dev/null 2>&1 && break
    sleep 0.1
  done
  "$engine" exec "$container" wherry healthcheck readyz > /dev/null || fail "$("$engine" logs "$container" 2>&1)"
  [ -e "$volume/reloaded" ] || fail 'the reload command did not run'
  "$engine" stop --time 20 "$container" > /dev/null
  code=$("$engine" inspect --format '{{.State.ExitCode}}' "$container")
  [ "$code" = 0 ] || fail "SIGTERM ended the sidecar with exit code $code"
  "$engine" rm "$container" > /dev/null
  echo "ok   gate, publish, reload, probe and stop, as $user"
done
