# syntax=docker/dockerfile:1
# Builds the walkshed server and runs it as a non-root user.
#   docker build -t walkshed .
#   docker run -d -p 127.0.0.1:8080:8080 -v walkshed:/var/lib/walkshed walkshed

FROM rust:1-slim-bookworm AS build
WORKDIR /src
# .dockerignore leaves rust-toolchain.toml out: the image has its own toolchain.
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --features jemalloc && install -m 755 target/release/walkshed /usr/local/bin/walkshed

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/walkshed --create-home --shell /usr/sbin/nologin walkshed \
    && chmod 700 /var/lib/walkshed
COPY --from=build /usr/local/bin/walkshed /usr/local/bin/walkshed
USER walkshed
WORKDIR /var/lib/walkshed
ENV WALKSHED_DATA=/var/lib/walkshed WALKSHED_LISTEN=0.0.0.0:8080
VOLUME /var/lib/walkshed
EXPOSE 8080
STOPSIGNAL SIGTERM
# The image has no curl: bash opens the connection itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/live HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["walkshed"]
CMD ["serve"]
