# The habits of this project: `just` lists them.

default:
    @just --list

# Serve what is in ./walkshed-data.
serve:
    cargo run --release

# What must hold before a commit.
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

# Everything CI does.
ci:
    .ci/run

# Take new answers and the new schema as right; then read the diff.
bless:
    cargo run --quiet -- schema > schema.graphql
    INSTA_UPDATE=always cargo test

# Speed of the engine and of the server.
bench:
    cargo bench

# The public GraphQL-over-HTTP audits against a running server (needs Node).
audit url="http://127.0.0.1:8080/graphql":
    cd tests/http-audit && npm ci --silent && node audit.mjs {{url}}

# Licences and sources of the dependencies (needs cargo-deny).
deny:
    cargo deny check licenses bans sources
