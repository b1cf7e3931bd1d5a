# The service, and nothing that only builds, tests or runs servers beside it.
#
# A release may pin the base by its digest: --build-arg PYTHON=python:3.13-slim@sha256:...
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS packages
COPY requirements.txt .
# Under a prefix of their own, so that pip stays behind.
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip install --disable-pip-version-check --no-warn-script-location \
        --require-hashes --prefix=/packages --requirement requirements.txt

FROM ${PYTHON}
LABEL org.opencontainers.image.title="reservations" \
    org.opencontainers.image.description="Numbered seats for busy events" \
    org.opencontainers.image.licenses="MIT"
# The numbers are fixed, because volumes and Kubernetes' runAsUser know nobody by name.
RUN groupadd --gid 10001 reservations \
    && useradd --uid 10001 --gid reservations --no-create-home --shell /usr/sbin/nologin reservations \
    # A volume that is mounted here first belongs to nginx, which has this number in its image.
    && install --directory --owner=101 --group=101 --mode=0700 /tls
COPY --from=packages /packages /usr/local
WORKDIR /app
COPY gunicorn.conf.py wsgi.py ./
COPY reservations reservations
RUN python -m compileall -q .
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FLASK_APP=wsgi \
    HOST=0.0.0.0 \
    PORT=9000 \
    DATA_DIR=/tmp/data
USER 10001:10001
EXPOSE 9000
# Not by Python, which on a busy machine would take a second to start, each time.
HEALTHCHECK --interval=5s --timeout=10s --start-period=60s --start-interval=500ms --retries=5 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.. 200' <&3"]
CMD ["gunicorn"]
