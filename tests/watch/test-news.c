/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What waits when whoever takes it is held up. */

#include "watch/news.h"

#define MOST 8

static void
push (L4NewsQueue *queue, L4NewsKind kind, guint n)
{
  for (guint i = 0; i < n; i++) {
    L4News *event = g_new0 (L4News, 1);

    event->kind = kind;
    event->start = i;
    l4_news_queue_push (queue, event);
  }
}

/* How many of them wait, in order from the first. Takes all. */
static guint
count (L4NewsQueue *queue, L4NewsKind kind)
{
  guint n = 0;

  for (L4News *event; (event = l4_news_queue_pop (queue, 0)) != NULL; l4_news_free (event))
    if (event->kind == kind)
      g_assert_cmpuint (event->start, ==, n++);
  return n;
}

static void
test_so_many_windows_wait_and_the_others_are_counted (void)
{
  L4NewsQueue *queue = l4_news_queue_new (MOST);

  push (queue, L4_NEWS_WINDOW, MOST + 3);
  push (queue, L4_NEWS_SAY, MOST);
  g_assert_cmpuint (count (queue, L4_NEWS_WINDOW), ==, MOST);
  g_assert_cmpuint (l4_news_queue_get_left_out (queue), ==, 3);
  push (queue, L4_NEWS_WINDOW, MOST);
  g_assert_cmpuint (count (queue, L4_NEWS_WINDOW), ==, MOST);
  g_assert_cmpuint (l4_news_queue_get_left_out (queue), ==, 3);
  l4_news_queue_free (queue);
}

static void
test_partial_texts_take_no_window_s_place (void)
{
  L4NewsQueue *queue = l4_news_queue_new (MOST);

  for (guint i = 0; i < 2; i++) {       /* and make place when they are taken */
    push (queue, L4_NEWS_PARTIAL, 10 * MOST);
    push (queue, L4_NEWS_WINDOW, MOST);
    g_assert_cmpuint (count (queue, L4_NEWS_WINDOW), ==, MOST);
  }
  push (queue, L4_NEWS_WINDOW, MOST);
  push (queue, L4_NEWS_PARTIAL, 10 * MOST);
  g_assert_cmpuint (count (queue, L4_NEWS_PARTIAL), ==, MOST / L4_NEWS_PARTIAL_SHARE);
  g_assert_cmpuint (l4_news_queue_get_left_out (queue), ==, 0);
  l4_news_queue_free (queue);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/news/so-many-windows-wait-and-the-others-are-counted", test_so_many_windows_wait_and_the_others_are_counted);
  g_test_add_func ("/news/partial-texts-take-no-window-s-place", test_partial_texts_take_no_window_s_place);
  return g_test_run ();
}
