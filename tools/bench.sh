#!/usr/bin/env bash
# The benchmarks, each at three sizes with its slope; the figures go to
# artifacts/ too. Called by `make bench`, inside with-postgres.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p artifacts
CGO_ENABLED=0 go run ./bench "$@" | tee artifacts/bench.txt
