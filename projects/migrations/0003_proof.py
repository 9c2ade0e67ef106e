import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import mapping.fields
import projects.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_documents"),
    ]

    operations = [
        migrations.CreateModel(
            name="Acceptance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("why", models.TextField()),
                ("count", models.PositiveIntegerField()),
                ("objects_named", mapping.fields.ExactJSONField(help_text="The object types it concerns.")),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 over the differences as they were shown.", max_length=64),
                ),
                ("name", models.CharField(max_length=200)),
                ("accepted_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object", models.CharField(max_length=80)),
                ("key", models.CharField(max_length=400)),
                ("fields", mapping.fields.ExactJSONField()),
                ("file", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "word",
                    models.CharField(
                        choices=[("ok", "Looks right"), ("comment", "Something is wrong"), ("answered", "Answered")],
                        max_length=10,
                    ),
                ),
                ("comment", models.TextField(blank=True)),
                ("name", models.CharField(max_length=200)),
                ("said_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="record",
            name="record_by_match",
        ),
        migrations.AddField(
            model_name="difference",
            name="destination_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="difference",
            name="key",
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AddField(
            model_name="difference",
            name="mended_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="difference",
            name="mended_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="reconciliation",
            name="explained",
            field=models.PositiveIntegerField(default=0, help_text="Differences that are mended, or accepted by name."),
        ),
        migrations.AddField(
            model_name="record",
            name="corrected",
            field=mapping.fields.ExactJSONField(
                help_text="Values that people put over those of the source.", null=True
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="email",
            field=projects.models.fields.FromRaw("email", blank=True, default="", editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="record",
            name="own_id",
            field=projects.models.fields.FromRaw("id", blank=True, default="", editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="record",
            name="proved_at",
            field=models.DateTimeField(help_text="When it was read back last.", null=True),
        ),
        migrations.AddField(
            model_name="record",
            name="read_at",
            field=models.DateTimeField(auto_now_add=True, null=True),
        ),
        migrations.AlterField(
            model_name="difference",
            name="kind",
            field=models.CharField(
                choices=[("different", "Different"), ("missing", "Not there"), ("stray", "Not ours, and there")],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="difference",
            name="record",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="differences", to="projects.record"
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="kind",
            field=models.CharField(
                choices=[
                    ("discovery", "Discovery"),
                    ("sandbox", "Sandbox"),
                    ("production", "Production"),
                    ("replay", "Replay"),
                    ("verify", "Verification"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(fields=["project", "object", "-sent_at"], name="journal_by_time"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["run", "object", "match_key"], name="record_by_match"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["run", "object", "id"], name="record_by_object"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(
                condition=models.Q(("reason", ""), _negated=True),
                fields=["run", "state", "object", "reason", "id"],
                name="record_aside",
            ),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["run", "email"], name="record_by_email"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["run", "own_id"], name="record_by_own_id"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["run", "key"], name="record_by_key"),
        ),
        migrations.AddField(
            model_name="acceptance",
            name="accepted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="acceptance",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="acceptances", to="projects.run"
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="accepted",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="differences",
                to="projects.acceptance",
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="made_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="corrections", to="projects.project"
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="record",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="looks", to="projects.record"
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="looks", to="projects.run"
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="said_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.UniqueConstraint(fields=("project", "object", "key"), name="one_correction_per_record"),
        ),
    ]
