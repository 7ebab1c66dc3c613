#!/bin/sh
# Writes the lock file of a directory, with the binaries of every platform. `scripts/lock.sh DIRECTORY`
set -eu
write() { npm --prefix "$1" install --package-lock-only --ignore-scripts --no-audit --no-fund; }
write "$1"
node scripts/complete-lock.mjs "$1"
write "$1"
