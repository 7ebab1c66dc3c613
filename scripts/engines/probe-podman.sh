# shellcheck shell=sh
# Passed as text to `sh -c`, because the ordinary user may not be able to read this file.
# Runs busybox from a bare directory, without an image: `podman info` also
# succeeds on machines where no container can start.
set -eu
podman info --format \
  '{{.Version.Version}} rootless={{.Host.Security.Rootless}} runtime={{.Host.OCIRuntime.Name}} storage={{.Store.GraphDriverName}}' 2>&1
if [ ! -x /bin/busybox ] || ldd /bin/busybox >/dev/null 2>&1; then exit 0; fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/ociman-probe.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cp /bin/busybox "$dir/"
podman run --rm --rootfs "$dir" /busybox true 2>&1
