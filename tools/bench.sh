#!/usr/bin/env bash
# The benchmarks, each at three sizes with its slope; the figures go to
# artifacts/ too. Built as the service is. Called by `make bench`, inside with-postgres.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p artifacts
CGO_ENABLED=0 go run -trimpath -pgo=cmd/gonets/sending.pgo ./bench "$@" | tee artifacts/bench.txt
