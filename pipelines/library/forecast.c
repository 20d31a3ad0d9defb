/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What describing a window takes, by those that were described before. */

#include "library/library-private.h"

#include <string.h>
#include <yyjson.h>

#define MOST_VIDEOS 1000        /* that are looked at */
#define ENOUGH 200              /* windows */

/* Milliseconds of the describer's work; a record of others' making has none. */
static double
read_milliseconds (const char *record)
{
  static const char *const parts[] = { "vision", "prefill", "decode" };
  yyjson_doc *doc = record != NULL ? yyjson_read (record, strlen (record), YYJSON_READ_NOFLAG) : NULL;
  yyjson_val *ms = yyjson_obj_get (yyjson_doc_get_root (doc), "ms");
  double sum = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    sum += yyjson_get_num (yyjson_obj_get (ms, parts[i]));
  yyjson_doc_free (doc);
  return sum;
}

double
l4_library_measure (L4Library *self)
{
  g_autoptr (GPtrArray) videos = NULL;
  double sum = 0;
  guint n = 0;

  if (self->context.index == NULL || self->context.run == 0)
    return 0;
  videos = l4_index_list_videos (self->context.index, NULL);
  for (guint i = 0; videos != NULL && i < MIN (videos->len, MOST_VIDEOS) && n < ENOUGH; i++) {
    const L4IndexVideo *video = g_ptr_array_index (videos, i);
    g_autoptr (GPtrArray) windows = l4_index_list_windows (self->context.index, video->id, self->context.run, FALSE, NULL);

    for (guint w = 0; windows != NULL && w < windows->len; w++, n++)
      sum += read_milliseconds (((L4IndexWindow *) g_ptr_array_index (windows, w))->record);
  }
  return n > 0 ? sum / n / 1e3 : 0;
}
