"""Addresses of posts."""

from django.urls import path

from reporting.posts import views

urlpatterns = [
    path("posts/", views.PostList.as_view(), name="posts"),
    path("posts/<str:post>/", views.PostDetail.as_view(), name="post-detail"),
    path("posts/<str:post>/hand-over/", views.HandOverPost.as_view(), name="post-hand-over"),
    path("posts/<str:post>/customers/", views.AssignCustomers.as_view(), name="post-customers"),
]
