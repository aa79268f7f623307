#!/usr/bin/env bash
# Builds bin/gonets: static, without C, telling its version, and optimised by
# the profile of sending. The profile is named here: called default.pgo, it
# would make vet, lint and tests compile every dependency a second time.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}
CGO_ENABLED=0 go build -trimpath -pgo=cmd/gonets/sending.pgo -ldflags "-s -w -X main.version=$version" -o bin/gonets ./cmd/gonets
