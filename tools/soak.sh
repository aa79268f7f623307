#!/usr/bin/env bash
# The long tests (build tag soak): many kills, long runs, large lists. They
# take as long as GONETS_SOAK says (10m). Called by `make soak`, inside
# with-postgres.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
export GONETS_SHOTS=$PWD/artifacts/screens # pictures of every screen, for a person to look at
mkdir -p "$GONETS_SHOTS"
export GONETS_TEST_REQUIRE=1 GONETS_SOAK=${GONETS_SOAK:-10m}
CGO_ENABLED=0 go test -tags soak -run Soak -v -timeout 0 ./...
