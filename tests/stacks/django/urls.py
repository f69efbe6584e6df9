from django.urls import path

from engagements.views import CreateEngagementView

urlpatterns = [path("api/v2/engagements", CreateEngagementView.as_view())]

handler404 = "engagements.problems.not_found"
handler500 = "engagements.problems.server_error"
