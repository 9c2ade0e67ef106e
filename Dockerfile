# The packages are put together in one image and only copied into the other: no compiler, no uv, no cache in what runs.
FROM python:3.11-slim AS packages
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/carryover
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home carryover && install --directory --owner carryover /data
ENV PATH=/opt/carryover/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data \
    DJANGO_SETTINGS_MODULE=migrator.settings
WORKDIR /app
COPY --from=packages /opt/carryover /opt/carryover
COPY . .
RUN python -m compileall -q .
USER carryover
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "migrator.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4", "--access-logfile", "-"]
