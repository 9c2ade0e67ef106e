"""Celery tasks: they carry an id to the engine and nothing else."""

from __future__ import annotations

from celery import shared_task

from projects.pipeline import engine


@shared_task
def advance_run(run_id: int) -> None:
    """Works on a run for a slice, then hands the turn on."""
    wait = engine.advance(run_id)
    if wait is not None:
        advance_run.apply_async(args=[run_id], countdown=wait)


@shared_task
def tick() -> None:
    """Frees what dead workers held and wakes every run that wants work; a double message is harmless."""
    for run_id in engine.reap():
        advance_run.delay(run_id)
