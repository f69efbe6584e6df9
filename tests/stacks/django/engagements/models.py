import uuid

from django.db import models


def new_id():
    return f"ngmt_{uuid.uuid4().hex}"


class Engagement(models.Model):
    id = models.CharField(primary_key=True, max_length=40, default=new_id)
    workspace_id = models.CharField(max_length=64)
    external_id = models.CharField(max_length=500)
    source_system = models.CharField(max_length=100)
    type = models.CharField(max_length=10)
    title = models.CharField(max_length=500)
    media_url = models.URLField(max_length=2000)
    run_workflows = models.BooleanField()
    start_at = models.DateTimeField()
    is_private = models.BooleanField()
    participants = models.JSONField(default=list)
    transcript_text = models.TextField(null=True)
    processing_status = models.CharField(max_length=20, default="PENDING")
    owner_user_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "external_id"], name="unique_external_id")]
