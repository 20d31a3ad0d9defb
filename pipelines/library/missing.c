/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the index lacks of a film. */

#include "library/library-private.h"

static void
add (GArray *missing, guint64 from, guint64 until)
{
  L4Stretch stretch = { from, until };

  g_array_append_val (missing, stretch);
}

/* When the window after this one begins: one of another length ended at a cut, where the next one began. */
static guint64
next_start (const L4DescribeOptions *options, const L4IndexWindow *window)
{
  return window->end - window->start != options->window || window->end < options->overlap ? window->end : window->end - options->overlap;
}

guint
l4_library_count_windows (const L4Library *self, const L4Work *work)
{
  const L4DescribeOptions *options = self->context.describe;
  const guint64 step = options->window - options->overlap;
  guint n = 0;

  for (guint i = 0; work->video->duration > 0 && i < work->missing->len; i++) {
    const L4Stretch *stretch = &g_array_index (work->missing, L4Stretch, i);
    guint64 until = MIN (stretch->until, work->video->duration);

    n += until > stretch->from ? (until - stretch->from + step - 1) / step : 0;
  }
  return n;
}

GArray *
l4_library_find_missing (L4Library *self, gint64 video, gint64 run, GError **error)
{
  g_autoptr (GArray) missing = g_array_new (FALSE, FALSE, sizeof (L4Stretch));
  g_autoptr (GPtrArray) windows = NULL;
  guint64 next = 0;

  if (video != 0 && run != 0) {
    windows = l4_index_list_windows (self->context.index, video, run, FALSE, error);
    if (windows == NULL)
      return NULL;
  }
  for (guint i = 0; windows != NULL && i < windows->len; i++) {
    const L4IndexWindow *window = g_ptr_array_index (windows, i);

    if (window->start > next)
      add (missing, next, window->start);
    next = next_start (self->context.describe, window);
  }
  add (missing, next, G_MAXUINT64);
  return g_steal_pointer (&missing);
}
