/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far the description of a film is. */

#include "library/library-private.h"

void
l4_standing_clear (L4Standing *self)
{
  l4_index_progress_clear (&self->progress);
}

static gboolean
get_progress (L4Library *self, gint64 video, gint64 run, L4IndexProgress *progress, GError **error)
{
  l4_index_progress_clear (progress);
  return video == 0 || run == 0 || l4_index_get_progress (self->context.index, video, run, progress, error);
}

/* Whether there is something that stays until it is described again. */
static gboolean
is_described (const L4IndexProgress *progress)
{
  return progress->state == L4_INDEX_DONE || progress->n_windows > 0;
}

gboolean
l4_library_find_standing (L4Library *self, gint64 video, L4Standing *standing, GError **error)
{
  const L4LibraryContext *context = &self->context;

  standing->run = context->beside;
  if (!get_progress (self, video, context->beside, &standing->progress, error))
    return FALSE;
  if (standing->progress.state != L4_INDEX_UNTOUCHED)
    return TRUE;
  standing->run = context->run;
  if (!get_progress (self, video, context->run, &standing->progress, error))
    return FALSE;
  if (context->again && is_described (&standing->progress) && !g_hash_table_contains (self->done, &video)) {
    standing->run = context->beside;
    l4_index_progress_clear (&standing->progress);
  }
  return TRUE;
}
