# syncd as a container: docker build -t syncd .
#
# Both stages start from the same base. Pin it by digest where you build for production:
#   docker build --build-arg PYTHON_IMAGE=docker.io/library/python:3.13-slim-bookworm@sha256:... .
# No digest is written here: one that nobody refreshes is a base without security fixes.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# First what seldom changes: the locked dependencies. /opt/syncd has no pip of its own.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/syncd \
    && python -m pip --python /opt/syncd/bin/python install \
        --require-hashes --only-binary :all: --requirement requirements.lock \
    && python -m pip install --require-hashes --only-binary :all: --requirement requirements-build.lock
# Then the code. The migrations must be there before the wheel is built: it carries them as syncd/migrations.
COPY pyproject.toml README.md LICENSE ./
COPY migrations ./migrations
COPY config ./config
COPY syncd ./syncd
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && python -m pip --python /opt/syncd/bin/python install --no-deps /dist/*.whl

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="syncd" \
      org.opencontainers.image.description="Keeps Litmos in step with HR, and brings training results back" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# A new volume takes over owner and mode of the directory it is mounted on.
RUN groupadd --gid 10001 syncd \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/syncd --shell /usr/sbin/nologin syncd \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/syncd
COPY --from=build /opt/syncd /opt/syncd
COPY config /etc/syncd
ENV PATH=/opt/syncd/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SYNCD_CONFIG=/etc/syncd/syncd.yaml
WORKDIR /var/lib/syncd
VOLUME /var/lib/syncd
EXPOSE 8080
# By number: Kubernetes' runAsNonRoot cannot judge a name.
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["syncd", "healthcheck"]
ENTRYPOINT ["syncd"]
CMD ["serve", "--migrate"]
