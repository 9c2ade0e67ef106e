import json, resource, time, pytest
from pathlib import Path
from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects import archives, connections, services
from projects.models import Record, Step
from projects.pipeline import engine
from tests.journey.conftest import make_migration

@pytest.mark.parametrize("n", [int(__import__("os").environ.get("N", "100000"))])
def test_scale(transactional_db, settings, tmp_path, n):
    settings.SETTLE_SECONDS = 0
    made = Workspace()
    people = [made.add_person(id=f"u{i}", email=f"p{i}@x.example").cio_id for i in range(100)]
    path = tmp_path / "e.ndjson"
    with path.open("w") as out:
        for i in range(n):
            out.write(json.dumps({"id": f"a{i}", "type": "event", "name": f"name_{i % 40}", "timestamp": 1500000000 + i, "customer_id": f"u{i % 100}", "customer_identifiers": {"cio_id": people[i % 100]}, "data": {"order": {"id": i, "lines": [{"sku": "x", "n": i % 7}]}, "total": i * 1.5, "note": "ä" * 20}}) + "\n")
    m = make_migration(FakeCustomerio(made, requests_per_second=None), FakeTwenty("2.x", long_limit=None, short_limit=None, prefilled=False))
    archives.add_archive(project=m.project, object="event", paths=[str(path)], by=m.admin)
    t = time.time(); m.to_map(); print("discovery", time.time() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    s = m.run("sandbox", sample_size=10); print(s.state, s.problem); m.sign("sandbox")
    run = services.start_run(project=m.project, kind="production", by=m.admin)
    for phase in ("people", "companies", "objects"):
        run = m.go_on(run); m.sign(phase)
    while True:
        engine.advance(run.pk, seconds=0)
        step = Step.objects.get(run=run, name="event")
        if step.stage in ("settle", "load"): break
    read = Step.objects.get(run=run, name="event.read")
    print("read ms", read.tally.get("ms.happenings"), "draft ms", step.tally.get("ms.draft"), "rss", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, Record.objects.filter(run=run, object="event").count())
