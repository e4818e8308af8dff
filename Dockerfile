# Genesis DR. Build: docker build -t genesis-dr:0.1.0 .
# All steps of the build are in scripts/image.mjs, which a test runs without Docker.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN node scripts/image.mjs /image

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Genesis DR" \
      org.opencontainers.image.description="Backups, restore drills, metrics and an audited action API" \
      org.opencontainers.image.licenses="Apache-2.0"
# Folders that Compose mounts volumes on must belong to the user before: a new volume takes over their owner and mode.
RUN groupadd --gid 10001 genesis \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/genesis --no-create-home --shell /usr/sbin/nologin genesis \
 && install -d -o genesis -g genesis -m 0700 /var/lib/genesis /var/lib/genesis/tokens /var/lib/genesis/demo-data /run/genesis \
 && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn*
COPY --from=build /image /opt/genesis
RUN ln -s /opt/genesis/node_modules/@genesis-dr/exporter/bin/genesis.mjs /usr/local/bin/genesis \
 && ln -s /opt/genesis/health.mjs /usr/local/bin/genesis-health
# Everything that is written goes to the home; the rest works on a read-only root.
ENV NODE_ENV=production \
    NODE_OPTIONS=--disable-warning=ExperimentalWarning \
    NODE_DISABLE_COMPILE_CACHE=1 \
    GENESIS_HOME=/var/lib/genesis
USER 10001:10001
WORKDIR /var/lib/genesis
VOLUME ["/var/lib/genesis"]
EXPOSE 9847
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=5 CMD ["genesis-health"]
ENTRYPOINT ["genesis"]
CMD ["serve"]
