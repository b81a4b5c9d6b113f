# docker build -t fairline .   Pages are built in the first stage; the image has no Node.
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /build && /build/bin/pip install --quiet "hatchling>=1.27,<2" "msgspec>=0.20,<0.23" \
    && /build/bin/python -m hatchling build -t wheel -d /wheels

FROM python:3.13-slim
COPY requirements-run.lock /tmp/
COPY --from=build /wheels /tmp/wheels
# Two steps: a lock with hashes asks one of everything, and nobody has that of a wheel just built.
RUN pip install --quiet --no-cache-dir --require-hashes --requirement /tmp/requirements-run.lock \
    && pip install --quiet --no-cache-dir --no-deps /tmp/wheels/*.whl \
    && rm -rf /tmp/wheels /tmp/requirements-run.lock \
    && useradd --system --uid 10001 --home-dir /var/lib/fairline --create-home fairline
USER 10001
WORKDIR /var/lib/fairline
VOLUME /var/lib/fairline
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["fairline"]
CMD ["serve", "--config", "/etc/fairline/fairline.toml"]
