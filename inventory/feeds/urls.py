"""Addresses of feeds."""

from django.urls import path

from inventory.feeds import views

urlpatterns = [
    path("feeds/", views.FeedList.as_view(), name="feed-list"),
    path("feeds/messages/<int:feed_message>/", views.FeedMessageDetail.as_view(), name="feed-message"),
    path("feeds/messages/<int:feed_message>/replay/", views.ReplayFeedMessage.as_view(), name="feed-replay"),
    path("feeds/messages/<int:feed_message>/map/", views.MapFeedCode.as_view(), name="feed-map"),
    path("feeds/messages/<int:feed_message>/discard/", views.DiscardFeedMessage.as_view(), name="feed-discard"),
    path("feeds/<slug:code>/", views.FeedDetail.as_view(), name="feed-detail"),
    path("feeds/<slug:code>/skip/", views.SkipFeedGap.as_view(), name="feed-skip"),
    path("feeds/<slug:code>/ignored/", views.SettleIgnored.as_view(), name="feed-ignored"),
    path("feeds/<slug:code>/reset/", views.ResetFeed.as_view(), name="feed-reset"),
]
