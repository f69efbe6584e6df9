from rest_framework import serializers

from .models import Engagement


class ParticipantSerializer(serializers.Serializer):
    name = serializers.CharField(required=False)
    email = serializers.EmailField(required=False)

    def validate(self, attrs):
        if not attrs.get("name") and not attrs.get("email"):
            raise serializers.ValidationError("A participant needs a name or an email.")
        return attrs


class CreateEngagementSerializer(serializers.Serializer):
    type = serializers.ChoiceField(choices=["CALL", "MEETING"])
    title = serializers.CharField(max_length=500)
    source_system = serializers.CharField(max_length=100)
    external_id = serializers.CharField(max_length=500)
    media_url = serializers.URLField(max_length=2000)
    run_workflows = serializers.BooleanField()
    start_at = serializers.DateTimeField(required=False)
    is_private = serializers.BooleanField(required=False)
    participants = ParticipantSerializer(many=True, required=False)
    transcript_text = serializers.CharField(required=False, allow_blank=True, max_length=900000)

    def validate_transcript_text(self, value):
        if len(value.encode("utf-8")) > 950000:
            raise serializers.ValidationError("Ensure this field has no more than 950000 bytes.")
        return value


class EngagementSerializer(serializers.ModelSerializer):
    object = serializers.ReadOnlyField(default="engagement")
    engagement_type = serializers.CharField(source="type")
    engagement_at = serializers.DateTimeField(source="start_at")
    data_source = serializers.CharField(source="source_system")

    class Meta:
        model = Engagement
        fields = [
            "object",
            "id",
            "title",
            "engagement_type",
            "processing_status",
            "is_private",
            "created_at",
            "updated_at",
            "data_source",
            "engagement_at",
            "start_at",
            "owner_user_id",
        ]
