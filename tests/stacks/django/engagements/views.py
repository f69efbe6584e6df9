from django.utils import timezone
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from .media import check_media
from .models import Engagement
from .serializers import CreateEngagementSerializer, EngagementSerializer


class CreateEngagementView(APIView):
    def post(self, request):
        serializer = CreateEngagementSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        caller = request.user

        existing = Engagement.objects.filter(
            workspace_id=caller.workspace, external_id=data["external_id"]
        ).first()
        if existing:
            return Response(EngagementSerializer(existing).data)

        check_media(data["media_url"])

        engagement, created = Engagement.objects.get_or_create(
            workspace_id=caller.workspace,
            external_id=data["external_id"],
            defaults={
                "type": data["type"],
                "title": data["title"],
                "source_system": data["source_system"],
                "media_url": data["media_url"],
                "run_workflows": data["run_workflows"],
                "start_at": data.get("start_at") or timezone.now(),
                "is_private": data.get("is_private", caller.default_private),
                "participants": data.get("participants", []),
                "transcript_text": data.get("transcript_text"),
                "owner_user_id": caller.id,
            },
        )
        return Response(
            EngagementSerializer(engagement).data,
            status=status.HTTP_201_CREATED if created else status.HTTP_200_OK,
        )
