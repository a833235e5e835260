# Shortcuts of this project. `just` lists them.

default:
    @just --list

# Serve the data in ./walkshed-data.
serve:
    cargo run --release

# Check format and lints and run all tests, before a commit.
check:
    cargo fmt --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test

# Test one crate, such as `just test walkshed-engine`.
test crate:
    cargo test -p {{crate}}

# Run everything that CI runs.
ci:
    .ci/run

# Write the schema and all snapshots anew; then read the diff.
bless:
    cargo run --quiet -- schema > schema.graphql
    INSTA_UPDATE=always cargo test

# Measure the engine and the server.
bench:
    cargo bench

# Run the public GraphQL-over-HTTP audits against a running server (needs Node).
audit url="http://127.0.0.1:8080/graphql":
    cd tests/http-audit && npm ci --silent && node audit.mjs {{url}}

# Check licences and sources of the dependencies (needs cargo-deny).
deny:
    cargo deny check licenses bans sources

# Build the container image (needs Docker).
image:
    docker build -t walkshed .
