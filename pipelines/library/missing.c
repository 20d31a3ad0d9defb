/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the index lacks of a film. */

#include "library/library-private.h"

static void
add (GArray *missing, guint64 from, guint64 until, guint64 begin)
{
  L4Stretch stretch = { from, until, begin };

  g_array_append_val (missing, stretch);
}

/* When the window after this one begins, at the earliest. */
static guint64
next_start (const L4DescribeOptions *options, const L4IndexWindow *window)
{
  return options->overlap == 0 ? window->end : MIN (window->start + options->window - options->overlap, window->end);
}

/* Whether none is missing between them. Where a cut ended one the next begins, and what may have been between them lay within it; but that
 * overlap may be so long that one that no cut ended is followed there by the next but one. */
static gboolean
follows (const L4DescribeOptions *options, const L4IndexWindow *before, const L4IndexWindow *window)
{
  return window->start <= next_start (options, before) || (window->start == before->end
      && (before->end - before->start != options->window || options->window % (options->window - options->overlap) != 0));
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
  guint64 next = 0, begin = 0;

  if (video != 0 && run != 0) {
    windows = l4_index_list_windows (self->context.index, video, run, FALSE, error);
    if (windows == NULL)
      return NULL;
  }
  for (guint i = 0; windows != NULL && i < windows->len; i++) {
    const L4IndexWindow *window = g_ptr_array_index (windows, i);

    if (i == 0 ? window->start > 0 : !follows (self->context.describe, g_ptr_array_index (windows, i - 1), window))
      add (missing, next, window->start, begin);
    next = next_start (self->context.describe, window);
    begin = next < window->end ? window->start : next;
  }
  add (missing, next, G_MAXUINT64, begin);
  return g_steal_pointer (&missing);
}
