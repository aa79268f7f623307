#!/usr/bin/env bash
# Writes the profile by which the compiler optimises what sending does most
# (https://go.dev/doc/pgo): a mailing on each database. Called by `make profile`,
# inside with-postgres.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
profiles=$(mktemp -d)
trap 'rm -rf "$profiles"' EXIT
CGO_ENABLED=0 go run -trimpath ./bench -only mailing -cpuprofile "$profiles"
go tool pprof -proto "$profiles"/cpu-*-100000.pprof >cmd/gonets/sending.pgo
